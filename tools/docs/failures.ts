import {
  isArrayLiteralExpression,
  isArrowFunction,
  isConditionalExpression,
  isFunctionDeclaration,
  isFunctionExpression,
  isIdentifier,
  isMethodDeclaration,
  isNoSubstitutionTemplateLiteral,
  isObjectLiteralExpression,
  isParameterDeclaration,
  isPropertyAssignment,
  isShorthandPropertyAssignment,
  isStringLiteral,
  isTemplateExpression,
  isVariableDeclaration,
  isCallExpression,
  type CallExpression,
  type ObjectLiteralExpression,
  type PropertyAssignment,
  type Node,
  type SourceFile,
} from 'typescript/unstable/ast';
import { calleeOf, nodesOf, type Sources } from './sources.ts';

/** One way in which the code tells of a failure or a finding. `…` stands for what is only known when it happens. */
export interface Failure {
  code: string;
  what: string;
  hint: string;
  file: string;
}

/** What an expression may give, with the turns that lead there: `full ? 'a' : 'b'` gives `a` where `full` holds. */
interface Variant {
  text: string;
  turns: ReadonlyMap<string, boolean>;
}

/** What stands for the parameters of a function: the arguments of one of its calls. */
type Arguments = ReadonlyMap<Node, readonly Variant[]>;

const isCode = /^[a-z][a-z-]*\.[a-z][a-z-]*$/;
/** Hints that the place itself does not give. */
const Open = new Set(['', '…']);
const Unknown: readonly Variant[] = [{ text: '…', turns: new Map() }];

/** The parts of a failure as they stand in the code. */
interface Told {
  code: Node;
  what: Node | null;
  hint: Node | null;
  file: SourceFile;
}

function agree(a: Variant['turns'], b: Variant['turns']): boolean {
  return [...a].every(([turn, way]) => (b.get(turn) ?? way) === way);
}

/** The type that a variable or parameter is declared with, for functions that are handed on: `say: Say`. */
const typeText = (node: Node): string =>
  (isVariableDeclaration(node) || isParameterDeclaration(node)) && node.type ? node.type.getText() : '';

function partsOf(node: ObjectLiteralExpression): Map<string, Node> {
  const parts = new Map<string, Node>();
  for (const property of node.properties) {
    if (isPropertyAssignment(property)) parts.set(property.name.getText(), property.initializer);
    if (isShorthandPropertyAssignment(property)) parts.set(property.name.getText(), property.name);
  }
  return parts;
}

/** The expressions that may stand for all of another one. */
function wholesOf(node: Node): Node[] {
  if (isConditionalExpression(node)) return [...wholesOf(node.whenTrue), ...wholesOf(node.whenFalse)];
  return isIdentifier(node) ? [node] : [];
}

const isFunction = (node: Node): boolean =>
  isFunctionDeclaration(node) || isArrowFunction(node) || isFunctionExpression(node) || isMethodDeclaration(node);

/** Finds every failure that the product can tell of, by reading its sources. */
export class Failures {
  readonly #sources: Sources;
  readonly #calls = new Map<string, CallExpression[]>();
  /** What tables of rules advise, by code. */
  readonly #hints = new Map<string, string>();

  constructor(sources: Sources) {
    this.#sources = sources;
    for (const file of sources.files) {
      for (const node of nodesOf(file)) {
        if (isPropertyAssignment(node)) this.#rule(node);
        const name = calleeOf(node)?.getText();
        if (name === undefined || !isCallExpression(node)) continue;
        this.#calls.set(name, [...(this.#calls.get(name) ?? []), node]);
      }
    }
  }

  /** @param folders the product's folders to look through */
  all(folders: readonly string[]): Failure[] {
    const found = this.#sources.files
      .filter((file) => folders.includes(this.#sources.pathOf(file).split('/')[0] ?? ''))
      .flatMap((file) => [...nodesOf(file)].flatMap((node) => this.#at(node, file)));
    return found
      .filter(({ code }) => isCode.test(code))
      .map((one) => ({ ...one, hint: Open.has(one.hint) ? (this.#hints.get(one.code) ?? one.hint) : one.hint }));
  }

  /** A line such as `'mapping.window': { hint: '…', severity: 'error' }`. */
  #rule({ name, initializer }: PropertyAssignment): void {
    if (!isStringLiteral(name) || !isCode.test(name.text) || !isObjectLiteralExpression(initializer)) return;
    const hint = partsOf(initializer).get('hint');
    const [first] = hint ? this.#variants(hint, new Map()) : [];
    if (first) this.#hints.set(name.text, first.text);
  }

  #at(node: Node, file: SourceFile): Failure[] {
    if (isArrayLiteralExpression(node)) return this.#entry(node, file);
    if (!isObjectLiteralExpression(node)) return [];
    const parts = partsOf(node);
    // A workflow's own refusals are Temporal's failures: `{ type, message }`.
    const code = parts.get('code') ?? (parts.has('message') ? parts.get('type') : undefined);
    const what = parts.get('what') ?? parts.get('why') ?? parts.get('message') ?? null;
    if (!code || !(what || parts.has('hint'))) return [];
    return this.#told({ code, what, hint: parts.get('hint') ?? null, file });
  }

  /** A line of a table of what other systems say: code, kind, what, hint. */
  #entry(node: Node, file: SourceFile): Failure[] {
    if (!isArrayLiteralExpression(node)) return [];
    const [code, kind, ...rest] = node.elements;
    const kinds = ['permanent', 'throttled', 'transient', 'misconfigured', 'unauthorised'];
    if (!code || !kind || !isStringLiteral(code) || kinds.includes(code.text)) return [];
    if (!this.#variants(kind, new Map()).every((one) => kinds.includes(one.text))) return [];
    const hint = rest.at(-1) ?? null;
    const told = this.#told({ code, what: rest.length > 1 ? (rest[0] ?? null) : null, hint, file });
    return told.flatMap((one) => sidesOf(node, one.code).map((prefixed) => ({ ...one, code: prefixed })));
  }

  #told({ code, what, hint, file }: Told): Failure[] {
    // Names within a sentence are left open; a whole sentence, or a code, is looked for where it is given.
    const asked = [code, ...[what, hint].flatMap((one) => (one ? wholesOf(one) : []))];
    return this.#instances(asked, 0).flatMap(({ given, at }) => {
      const options = (node: Node | null): readonly Variant[] =>
        node ? this.#variants(node, given) : [{ text: '', turns: new Map() }];
      return options(code).flatMap((one) => {
        const fits = (other: Variant): boolean => agree(one.turns, other.turns);
        return options(what)
          .filter(fits)
          .flatMap((said) =>
            options(hint)
              .filter((other) => fits(other) && agree(said.turns, other.turns))
              .map((advice) => ({
                code: one.text,
                what: said.text.replace(`${one.text}: `, ''),
                hint: advice.text,
                file: this.#sources.pathOf(at ?? file),
              })),
          );
      });
    });
  }

  /** The function whose parameters some expressions name, looked up from the inside out. */
  #reporter(nodes: readonly Node[]): Node | null {
    for (const node of nodes.flatMap((one) => [...nodesOf(one)])) {
      if (!isIdentifier(node)) continue;
      const declared = this.#declared(node);
      if (!declared || !isParameterDeclaration(declared)) continue;
      if (isFunction(declared.parent)) return declared.parent;
    }
    return null;
  }

  #declared(node: Node): Node | undefined {
    return this.#sources.declarationOf(node);
  }

  /** Each way in which the parameters that some expressions name are given: one a call. */
  #instances(nodes: readonly Node[], depth: number): { given: Arguments; at: SourceFile | null }[] {
    const reporter = this.#reporter(nodes);
    if (!reporter || depth > 3 || !('parameters' in reporter)) return [{ given: new Map(), at: null }];
    const parameters = reporter.parameters as readonly Node[];
    const calls = this.#callsOf(reporter);
    if (calls.length === 0) return [{ given: new Map(), at: null }];
    return calls.flatMap((call) =>
      this.#instances(call.arguments, depth + 1).map((outer) => {
        const given = new Map<Node, readonly Variant[]>();
        parameters.forEach((parameter, index) => {
          const argument = call.arguments[index];
          const preset = 'initializer' in parameter ? (parameter.initializer as Node | undefined) : undefined;
          const value = argument ?? preset;
          if (value) given.set(parameter, this.#variants(value, outer.given));
        });
        return { given, at: outer.at ?? call.getSourceFile() };
      }),
    );
  }

  #callsOf(reporter: Node): CallExpression[] {
    const named = 'name' in reporter && reporter.name ? reporter : reporter.parent;
    const name = 'name' in named ? (named.name as Node | undefined)?.getText() : undefined;
    return (this.#calls.get(name ?? '') ?? []).filter((call) => {
      const callee = calleeOf(call);
      const declared = callee && this.#declared(callee);
      return (
        declared === named ||
        (declared !== undefined && typeText(declared) !== '' && typeText(declared) === typeText(named))
      );
    });
  }

  #variants(node: Node, given: Arguments): readonly Variant[] {
    if (isStringLiteral(node) || isNoSubstitutionTemplateLiteral(node)) return [{ text: node.text, turns: new Map() }];
    if (isConditionalExpression(node)) {
      const turn = node.condition.getText();
      const way = (branch: Node, holds: boolean): Variant[] =>
        this.#variants(branch, given)
          .filter(({ turns }) => (turns.get(turn) ?? holds) === holds)
          .map(({ text, turns }) => ({ text, turns: new Map([...turns, [turn, holds]]) }));
      return [...way(node.whenTrue, true), ...way(node.whenFalse, false)];
    }
    if (isTemplateExpression(node)) {
      return node.templateSpans.reduce<readonly Variant[]>(
        (sofar, span) =>
          sofar.flatMap((before) =>
            this.#inside(span.expression, given).map(({ text, turns }) => ({
              text: before.text + text + span.literal.text,
              turns: new Map([...before.turns, ...turns]),
            })),
          ),
        [{ text: node.head.text, turns: new Map() }],
      );
    }
    if (isIdentifier(node)) {
      const declared = this.#declared(node);
      if (!declared) return Unknown;
      const argument = given.get(declared);
      if (argument) return argument;
      if (isVariableDeclaration(declared) && declared.initializer) return this.#variants(declared.initializer, given);
    }
    return Unknown;
  }

  /** What stands within a sentence: names and figures are left open, words are not. */
  #inside(node: Node, given: Arguments): readonly Variant[] {
    const found = this.#variants(node, given);
    return found.length > 4 ? Unknown : found;
  }
}

/**
 * Codes in tables of what a system of either side says have no side yet. A table for targets takes the place of lines of
 * the other one, by their key.
 */
function sidesOf(entry: Node, code: string): string[] {
  if (code.includes('.')) return [code];
  const table = (node: Node): Node | undefined => {
    for (let at: Node | undefined = node; at; at = at.parent) if (isVariableDeclaration(at)) return at;
    return undefined;
  };
  const own = table(entry);
  const nameOf = (node: Node | undefined): string => (node && isVariableDeclaration(node) ? node.name.getText() : '');
  if (/target/i.test(nameOf(own))) return [`target.${code}`];
  const key = isPropertyAssignment(entry.parent) ? entry.parent.name.getText() : null;
  const replaced = [...nodesOf(entry.getSourceFile())].some(
    (node) => isPropertyAssignment(node) && node.name.getText() === key && /target/i.test(nameOf(table(node))),
  );
  return replaced ? [`source.${code}`] : [`source.${code}`, `target.${code}`];
}
