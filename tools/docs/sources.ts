import { fileURLToPath } from 'node:url';
import {
  isCallExpression,
  isPropertyAccessExpression,
  isShorthandPropertyAssignment,
  type Node,
  type SourceFile,
} from 'typescript/unstable/ast';
import { API, SymbolFlags, type Checker } from 'typescript/unstable/sync';

/** The product's sources as the compiler sees them. */
export interface Sources {
  /** Every file of the product's folders. */
  readonly files: readonly SourceFile[];
  readonly checker: Checker;
  /** @param path from the root of the repository: `model/config.ts` */
  file(path: string): SourceFile;
  /** A file's path from the root of the repository. */
  pathOf(file: SourceFile): string;
  /** Where a name that stands at a node was declared, through imports. */
  declarationOf(node: Node): Node | undefined;
  close(): void;
}

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Reads what tsconfig.build.json includes. Close it when done: the compiler is a process of its own. */
export function openSources(): Sources {
  const api = new API({ cwd: root });
  const snapshot = api.updateSnapshot({ openProject: `${root}tsconfig.build.json` });
  const [project] = snapshot.getProjects();
  if (!project) throw new Error('the compiler found no project');
  const { program, checker } = project;
  const own = program.getSourceFileNames().filter((name) => name.startsWith(root) && !name.includes('/node_modules/'));
  const files = own.flatMap((name) => program.getSourceFile(name) ?? []);
  const aliases = new Map<Node, Node | undefined>();
  return {
    files,
    checker,
    file(path) {
      const found = files.find((one) => one.fileName === `${root}${path}`);
      if (!found) throw new Error(`there is no ${path} among the sources`);
      return found;
    },
    pathOf: (file) => file.fileName.slice(root.length),
    declarationOf(node) {
      if (aliases.has(node)) return aliases.get(node);
      // In `{ what }` the name is that of a property; what it takes its value from is asked for.
      const short = node.parent && isShorthandPropertyAssignment(node.parent) ? node.parent : null;
      const at = short ? checker.getShorthandAssignmentValueSymbol(short) : checker.getSymbolAtLocation(node);
      const symbol = at && (at.flags & SymbolFlags.Alias) !== 0 ? checker.getAliasedSymbol(at) : at;
      const found = (symbol?.valueDeclaration ?? symbol?.declarations[0])?.resolve();
      aliases.set(node, found);
      return found;
    },
    close: () => api.close(),
  };
}

/** Every node of a tree, parents first. */
export function* nodesOf(node: Node): Generator<Node> {
  yield node;
  const children: Node[] = [];
  node.forEachChild((child) => void children.push(child));
  for (const child of children) yield* nodesOf(child);
}

/** What is called in a call: the name in `f(…)`, `o.f(…)` and `this.#f(…)`. */
export function calleeOf(node: Node): Node | undefined {
  if (!isCallExpression(node)) return undefined;
  const { expression } = node;
  return isPropertyAccessExpression(expression) ? expression.name : expression;
}
