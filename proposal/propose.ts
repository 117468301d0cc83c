import type { CatalogueTable, CollectionDescription } from '../connectors/port.ts';
import { LandfallError } from '../model/errors.ts';
import { keepsKeys, targetFields } from './against-target.ts';
import { controlsFor } from './controls.ts';
import { likeness, pairs, prefixes, Sure } from './match.ts';
import { mirrorFields } from './mirror.ts';
import { partNames, titleOf } from './names.ts';
import type { Proposal, ProposedEntity } from './proposal.ts';
import { declaredEdges, guessedEdges, inOrder, laterEdges, type Edge } from './references.ts';
import { sqlName } from './sql-names.ts';
import { entityOf, type Candidate, type Fields } from './table.ts';

/** Which collection each table goes to, by name alone. */
function collectionsFor(
  tables: readonly CatalogueTable[],
  collections: readonly CollectionDescription[],
): Map<CatalogueTable, { collection: CollectionDescription; score: number }> {
  const empty = prefixes([...tables.map((one) => one.table), ...collections.map((one) => one.collection)]);
  // Of tables that are called alike in several schemas each finds its own.
  const more = ({ object, table }: CatalogueTable, name: string): number =>
    object === name ? 0.02 : table === name ? 0.01 : 0;
  const found = pairs(tables, collections, (table, one) => {
    const names = [one.type, one.collection];
    const best = Math.max(...names.map((name) => likeness(table.table, name, empty, { parts: false })));
    return best === 0 ? 0 : best + more(table, one.collection);
  });
  return new Map(found.map(({ a, b, score }) => [a, { collection: b, score }]));
}

/**
 * Proposes a blueprint from what a source's catalogue and a target's metadata declare: pure, and the same every time.
 *
 * @param of.collections null: there is no target yet, and every collection mirrors its table
 * @param of.zone the zone of local times; null: nobody said, and UTC is a guess
 * @throws LandfallError `init.nothing` when no table has a key
 */
export function propose(of: {
  name: string;
  tables: readonly CatalogueTable[];
  collections: readonly CollectionDescription[] | null;
  zone: string | null;
}): Proposal {
  const keyed = of.tables.filter((table) => table.key.length > 0);
  if (keyed.length === 0) {
    throw new LandfallError({
      code: 'init.nothing',
      kind: 'permanent',
      what: of.tables.length === 0 ? 'There is no table that this user can see.' : 'No table has a primary key.',
      where: { tables: of.tables.length },
      hint: 'Check the schema and the user’s rights; an entity needs a table whose rows can be told apart.',
    });
  }
  const plain = new Set(keyed.map((one) => one.table)).size === keyed.length;
  const names = partNames(keyed.map((one) => (plain ? one.table : `${one.schema}_${one.table}`)));
  const nameOf = new Map(keyed.map((table, index) => [table.object, names[index] ?? '']));
  const declared = declaredEdges(keyed, nameOf);
  const edges = [...declared.edges, ...guessedEdges(keyed, nameOf, declared.edges)];
  const collections = of.collections ?? [];
  const chosen = collectionsFor(keyed, collections);
  const candidates = keyed.map((table): Candidate => {
    const name = nameOf.get(table.object) ?? '';
    const found = chosen.get(table);
    const own = edges.filter((edge) => edge.from === name);
    return { name, table, edges: own, collection: found?.collection ?? null, likeness: found?.score ?? 0 };
  });

  // Which references are mapped does not depend on which of them wait: so they are found first, and ordered then.
  const used = candidates.flatMap((one) =>
    usedEdges(
      one,
      fieldsOf(one, candidates, collections, () => false),
    ),
  );
  const rowsOf = (name: string): number => keyed.find((table) => nameOf.get(table.object) === name)?.estimatedRows ?? 0;
  const { later, closed } = laterEdges(used, rowsOf);
  const entities = candidates.map((one) => {
    const entity = entityOf(
      one,
      fieldsOf(one, candidates, collections, (edge) => later.has(edge)),
    );
    entity.decide.push(
      ...declared.others.filter(({ from }) => from === one.name).map(({ decide }) => decide),
      ...closed
        .filter((circle) => circle[0]?.from === one.name)
        .map(
          (circle) =>
            `no reference in this circle may be empty, so none can wait: ${circle.map((edge) => edge.from).join(' → ')}.`,
        ),
    );
    if (one.collection && one.likeness < Sure) {
      entity.collection.decide.unshift(
        `is ${one.collection.collection} the place for ${one.name}? It is called alike, no more.`,
      );
    }
    return entity;
  });

  const order = inOrder(
    names,
    used.filter((edge) => !later.has(edge)),
  );
  const sorted = order.flatMap((name) => entities.find((one) => one.name === name) ?? []);
  const placed = new Set(candidates.flatMap((one) => (one.collection ? [one.name] : [])));
  const waits = (entity: ProposedEntity): boolean => placed.size > 0 && !placed.has(entity.name);
  const moved = sorted.filter((entity) => !waits(entity));
  const tableOf = (name: string) => candidates.find((one) => one.name === name)?.table;
  const local = entities.some((one) => one.fields.some((field) => field.source.kind === 'localTime'));
  return {
    name: of.name,
    title: titleOf(of.name),
    entities: moved,
    waiting: sorted.filter(waits),
    controls: moved.flatMap((entity) => {
      const table = tableOf(entity.name);
      return table ? controlsFor(entity, table) : [];
    }),
    decide: [
      ...decisionsOf(of, entities),
      ...of.tables
        .filter((table) => table.key.length === 0)
        .map((one) => `${one.object} has no primary key, so its rows cannot be told apart: give it one, or leave it.`),
    ],
    zone: local ? { name: of.zone ?? 'UTC', guessed: of.zone === null } : null,
  };
}

function fieldsOf(
  one: Candidate,
  all: readonly Candidate[],
  collections: readonly CollectionDescription[],
  isLater: (edge: Edge) => boolean,
): Fields {
  const collectionOf = (name: string): string | null =>
    all.find((other) => other.name === name)?.collection?.collection ?? null;
  const { collection } = one;
  const keeps = (name: string): boolean => all.some((other) => other.name === name && keepsKeys(other));
  return collection
    ? targetFields({ ...one, collection }, collections, collectionOf, keeps, isLater)
    : mirrorFields(one, (name) => collectionOf(name) ?? name, isLater);
}

/** The edges that a field stands for. */
function usedEdges(of: Candidate, { fields }: Fields): Edge[] {
  const mapped = fields.flatMap(({ source }) => (source.kind === 'crosswalk' ? [source] : []));
  return of.edges.filter((edge) =>
    mapped.some((one) => one.entity === edge.to && one.keys.join() === edge.columns.map(sqlName).join()),
  );
}

/** What has to be decided about the whole. */
function decisionsOf(of: Parameters<typeof propose>[0], entities: readonly ProposedEntity[]): string[] {
  const decide: string[] = [];
  if (of.collections === null) {
    decide.push(
      'there is no target yet: collections, ids and legacy keys are called after the source’s tables until you name the target’s own.',
    );
  } else if (
    of.collections.length > 0 &&
    !entities.some((one) => of.collections?.some((c) => c.collection === one.collection.name))
  ) {
    decide.push(
      'no collection of the target is called like a table of the source: every entity mirrors its table until you name one.',
    );
  }
  if (entities.some((one) => Object.keys(one.classify).length > 0)) {
    decide.push(
      'what is personal was guessed from names and types (`classify`): read it in each file, and complete it.',
    );
  }
  return decide;
}
