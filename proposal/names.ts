/** The words of a name, in lower case, whatever style it is written in. */
export function wordsOf(name: string): string[] {
  return name
    .normalize('NFD')
    .replaceAll(/\p{Mn}/gu, '')
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replaceAll(/([A-Z])([A-Z][a-z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '');
}

/** An English noun in the singular, as far as its ending tells. */
export function singular(word: string): string {
  if (word.length < 4 || /(ss|us|is)$/.test(word)) return word;
  if (word.endsWith('ies')) return `${word.slice(0, -3)}y`;
  if (/(ss|sh|ch|x|us)es$/.test(word)) return word.slice(0, -2);
  return word.endsWith('s') ? word.slice(0, -1) : word;
}

/** A title for people: `Invoice line`, `CRM`. */
export function titleOf(name: string): string {
  // Modules repeat themselves in the names of their main tables: `order_order`.
  const text = wordsOf(name)
    .filter((word, index, words) => word !== words[index - 1])
    .join(' ');
  return text.length <= 3 ? text.toUpperCase() : text.charAt(0).toUpperCase() + text.slice(1);
}

/** Names that Landfall keeps for its own files. */
const reservedParts = new Set(['keys', 'evidence', 'blobs', 'lease', 'lookups']);
/** Longer ones would leave no room for the names of controls. */
const LongestPart = 48;

/** Names for parts, each once: `invoice_line`. They become parts of paths and workflow ids. */
export function partNames(names: readonly string[]): string[] {
  const taken = new Set<string>(reservedParts);
  return names.map((name) => {
    const plain = wordsOf(name).join('_').slice(0, LongestPart).replace(/_$/, '');
    const base = /^[a-z]/.test(plain) ? plain : `table_${plain}`.replace(/_$/, '');
    let found = base;
    for (let number = 2; taken.has(found); number += 1) found = `${base}_${number}`;
    taken.add(found);
    return found;
  });
}

/** Words that no constant may be called, and what blueprints import. */
const takenConstants = new Set(
  (
    'arguments await break case catch class const continue debugger default delete do else enum eval export extends ' +
    'false finally for function if implements import in instanceof interface let new null package private protected ' +
    'public return static super switch this throw true try typeof undefined var void while with yield ' +
    'attachments bigInteger blueprint check choice collection controls count crosswalk crosswalkEither csv date decimal ' +
    'defineConfig div entity env file flag header integer lines literal leaveBehind lookup rawSql reference rows sql sum ' +
    'table targetLookup text timestamp uuid zone'
  ).split(' '),
);

/** The constant that a part is exported as: `invoiceLine`. */
export function constantOf(part: string): string {
  const name = part.replaceAll(/[_-]([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
  return takenConstants.has(name) ? `${name}Entity` : name;
}

/** The file that a part is written to: `invoice-line.ts`. */
export function fileOf(part: string): string {
  const name = part.replaceAll('_', '-');
  return ['blueprint', 'controls', 'clock'].includes(name) ? `${name}-entity.ts` : `${name}.ts`;
}
