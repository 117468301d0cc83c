import type { Random } from '../../sandbox/legacy-crm/random.ts';

/** What people, generators and merges leave where something else was meant. */
const oddities: readonly unknown[] = [
  null,
  undefined,
  '',
  ' ',
  0,
  -1,
  1.5,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  1e308,
  true,
  false,
  [],
  {},
  [[]],
  { file: null },
  { env: '' },
  '__proto__',
  'constructor',
  'a b',
  "o'neil",
  '"quoted"',
  '../../etc/passwd',
  'ORG\0',
  '\ud800',
  'é',
  '漢'.repeat(10_000),
  '9'.repeat(400),
  '(((((((((',
  "'); DROP TABLE x; --",
  'SELECT',
  10n,
  new Date(Number.NaN),
  /x/,
  () => 'a function',
  Symbol('s'),
];

type Holder = Record<string, unknown> | unknown[];

function isHolder(value: unknown): value is Holder {
  if (Array.isArray(value)) return true;
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

/** A copy of what is plain data; everything else (functions, schemas) is shared. */
export function copied(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copied);
  if (!isHolder(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, copied(one)]));
}

function holders(value: unknown, found: Holder[] = []): Holder[] {
  if (!isHolder(value)) return found;
  found.push(value);
  for (const one of Object.values(value)) holders(one, found);
  return found;
}

/** Changes one to three places: takes away, replaces, renames, doubles, swaps. */
export function mutated(value: unknown, random: Random): unknown {
  const copy = copied(value);
  for (let times = random.int(1, 3); times > 0; times -= 1) {
    const holder = random.pick(holders(copy));
    const names = Object.keys(holder);
    const put = (name: string, one: unknown): void => void Reflect.set(holder, name, one);
    if (names.length === 0) {
      put('0', oddities[random.int(0, oddities.length - 1)]);
      continue;
    }
    const [one, other] = [random.pick(names), random.pick(names)];
    const was: unknown = Reflect.get(holder, one);
    switch (random.int(0, 5)) {
      case 0:
        Reflect.deleteProperty(holder, one);
        break;
      case 1:
        put(`${one}x`, was);
        Reflect.deleteProperty(holder, one);
        break;
      case 2:
        put(one, Reflect.get(holder, other));
        put(other, was);
        break;
      case 3:
        put(random.pick(['surplus', '__proto__ ', 'constructor', ' ']), was);
        break;
      case 4:
        put(
          one,
          typeof was === 'string'
            ? `${was.slice(0, was.length / 2)}${random.pick(['(', "'", '\0', '😀', ' '])}`
            : [was],
        );
        break;
      default:
        put(one, oddities[random.int(0, oddities.length - 1)]);
    }
  }
  return copy;
}

/** Properties whose values are names of something else. */
const names = new Set(['name', 'entity', 'of', 'table', 'match', 'take', 'consistency', 'later', 'whenMissing']);

/** Changes one place to what is right elsewhere: a name for another of its kind, a field that is taken away or added. */
export function miswired(value: unknown, random: Random): unknown {
  const copy = copied(value);
  const places = holders(copy).flatMap((holder) => Object.keys(holder).map((name) => ({ holder, name })));
  const wires = ({ holder, name }: (typeof places)[number]): boolean =>
    names.has(name) || name === 'fields' || name === 'shape' || 'arms' in holder;
  const { holder, name } = random.pick(places.filter(wires));
  if (name === 'fields' || name === 'shape') {
    const fields = Reflect.get(holder, name) as Record<string, unknown>;
    const field = random.pick(Object.keys(fields));
    if (random.int(0, 1) === 0) fields[`${field}x`] = fields[field];
    else Reflect.deleteProperty(fields, field);
    return copy;
  }
  const others = [
    ...places.filter((one) => one.name === name).map((one): unknown => Reflect.get(one.holder, name)),
    ...(name === 'consistency' ? ['fuzzy'] : []),
    ...(names.has(name) ? ['nowhere'] : []),
    ...(name === 'later' ? [true, false] : []),
    ...(name === 'name' ? ['keys'] : []),
  ];
  Reflect.set(holder, name, random.pick(others));
  return copy;
}
