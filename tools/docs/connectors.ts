import type { ConnectorKind, Source, Target } from '../../connectors/port.ts';
import { connectors } from '../../connectors/registry.ts';

/** Settings with which a connector of each kind shows all that it can do. Nothing is connected to. */
const samples: Record<string, Record<string, unknown>> = {
  postgres: {
    kind: 'postgres',
    host: 'db.example.org',
    database: 'crm',
    user: 'landfall',
    freeze: { set: 'SELECT set_read_only($1)', probe: 'SELECT writes_are_refused()' },
  },
  'odata-v4': {
    kind: 'odata-v4',
    url: 'https://crm.example.org/api/data/v9.2',
    auth: { kind: 'none' },
    liveMark: { collection: 'settings', id: 'settingid', keyProperty: 'name', key: 'mark', property: 'value' },
  },
};

type Capability<System> = readonly [title: string, methods: readonly (keyof System)[], what: string];

const ofSources: readonly Capability<Source>[] = [
  ['Ping', ['ping'], 'says what it is, and which setting of a connection is wrong'],
  ['Least privilege', ['checkPrivileges'], 'names missing rights, and rights that are more than needed'],
  ['Describe', ['describe'], 'columns, types, keys and a fingerprint of each table'],
  ['Catalogue', ['listObjects'], 'every table with its keys and references: what `landfall init` proposes from'],
  ['Chunks', ['planChunks'], 'cuts a table by walking its key'],
  ['Read', ['readChunk', 'countChunk'], 'reads a chunk into staging, and counts it in the same state'],
  ['Snapshot lease', ['openLease', 'isAlive'], 'one state for many readers: `snapshot` consistency'],
  ['Still stands', ['stillStands'], 'proves that a chunk would read the same now'],
  ['Position', ['position'], 'where the source is, for what is read while it is frozen'],
  [
    'Freeze',
    ['freeze', 'unfreeze', 'isFrozen'],
    'refuses writes, proven by trying: `frozen` consistency and the switch',
  ],
  ['Figures', ['figures'], 'computes controls itself'],
  ['Attachments', ['openAttachment'], 'streams the bytes of a large column'],
  ['Fingerprint', ['fingerprint'], 'notices changed structure cheaply'],
];
const ofTargets: readonly Capability<Target>[] = [
  ['Ping', ['ping'], 'says what it is, and which setting of a connection is wrong'],
  ['Least privilege', ['checkPrivileges'], 'names missing rights, and rights that are more than needed'],
  ['Check shape', ['checkShape', 'fingerprint'], 'compares a shape with the target’s own metadata'],
  ['Collections', ['listCollections'], 'every collection with its properties: what `landfall init` proposes for'],
  ['Write', ['writeBatch'], 'upserts or creates documents; answers are matched by key'],
  ['Find', ['findByLegacyKey'], 'settles uncertain writes and keeps create-only loads single'],
  ['Read back', ['readBack', 'countRows', 'readReference'], 'what is in the target now, page by page'],
  ['Lines', ['writeLines'], 'takes chunks as text that never becomes objects in the worker'],
  ['Read directly', ['readBackDirect'], 'has DuckDB read pages by itself: no row passes through JavaScript'],
  ['Before-image', ['beforeImage'], 'what was there before, for undo'],
  ['Figures', ['figures'], 'computes controls itself'],
  ['Attachments', ['putAttachment', 'openAttachment'], 'streams bytes in, and back for comparison'],
  ['Mark live', ['markLive'], 'leaves the mark that it is the system of record'],
];

function rows<System extends object>(
  capabilities: readonly Capability<System>[],
  systems: readonly { kind: ConnectorKind; system: System | null }[],
): string[] {
  return capabilities.map(([title, methods, what]) => {
    const marks = systems.map(({ system }) => {
      if (!system) return '';
      const there = methods.filter((method) => typeof system[method] === 'function');
      return there.length === methods.length ? 'yes' : there.length === 0 ? 'no' : `only ${there.join(', ')}`;
    });
    return `| ${[title, ...marks, what].join(' | ')} |`;
  });
}

function head(kinds: readonly ConnectorKind[]): string[] {
  const titles = ['', ...kinds.map((kind) => kind.title), ''];
  return [`| ${titles.join(' | ')} |`, `|${titles.map(() => ' --- |').join('')}`];
}

/** What each connector of the registry can do, found by opening it. */
export async function capabilityPage(): Promise<string> {
  const sources: { kind: ConnectorKind; system: Source | null }[] = [];
  const targets: { kind: ConnectorKind; system: Target | null }[] = [];
  for (const kind of connectors) {
    const sample = samples[kind.kind];
    if (!sample) throw new Error(`tools/docs/connectors.ts has no sample settings for ${kind.kind}`);
    const settings: unknown = kind.settings.parse(sample);
    if (kind.openSource) sources.push({ kind, system: await kind.openSource(kind.kind, settings, () => '') });
    if (kind.openTarget) targets.push({ kind, system: await kind.openTarget(kind.kind, settings, () => '') });
  }
  const page = [
    '# Connectors',
    '',
    'What each connector can do, found by opening it (`npm run docs` writes this page). Every connector passes the',
    'conformance suite of its side, `tests/conformance`, for what it can do.',
    '',
    '## Sources',
    '',
    ...head(sources.map((one) => one.kind)),
    ...rows(ofSources, sources),
    '',
    '## Targets',
    '',
    ...head(targets.map((one) => one.kind)),
    ...rows(ofTargets, targets),
    '',
  ].join('\n');
  for (const { system } of [...sources, ...targets]) await system?.close();
  return page;
}
