import type { Proposal } from './proposal.ts';
import { importLines, propertyName, quote } from './source-text.ts';

/** A person of the project, with the file of their public key. */
export interface ProjectPerson {
  id: string;
  name: string;
  role: 'owner' | 'engineer';
}

/** A connection's settings as a person writes them; secrets as references. */
export type Settings = Readonly<Record<string, unknown>>;

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A value of the configuration as code: references to secrets through their builders. */
function valueText(value: unknown, indent: string): string {
  if (typeof value === 'string') return quote(value);
  if (!isRecord(value)) return JSON.stringify(value);
  const entries = Object.entries(value);
  const [first] = entries;
  if (entries.length === 1 && first && /^(env|file)$/.test(first[0]) && typeof first[1] === 'string') {
    return `${first[0]}(${quote(first[1])})`;
  }
  if (entries.length === 1 && first && !isRecord(first[1]))
    return `{ ${propertyName(first[0])}: ${valueText(first[1], '')} }`;
  const inner = `${indent}  `;
  const lines = entries.map(([name, one]) => `${inner}${propertyName(name)}: ${valueText(one, inner)},`);
  return `{\n${lines.join('\n')}\n${indent}}`;
}

/** `landfall.config.ts` of a new project. */
export function configText(of: {
  proposal: Proposal;
  source: Settings;
  target: Settings | null;
  people: readonly ProjectPerson[];
}): string {
  const { name } = of.proposal;
  const ids = (role: ProjectPerson['role']): string =>
    of.people
      .filter((one) => one.role === role)
      .map((one) => quote(one.id))
      .join(', ');
  const body = [
    'export default defineConfig({',
    '  // Rows rest here, encrypted under keys that the master key wraps. Who loses it loses what is staged.',
    `  staging: { folder: 'staging', masterKey: file('keys/master.key') },`,
    '  // For practice, `temporal server start-dev` brings one up.',
    `  temporal: { address: '127.0.0.1:7233' },`,
    '  connections: {',
    `    legacy: ${valueText(of.source, '    ')},`,
    ...(of.target
      ? [`    cloud: ${valueText(of.target, '    ')},`]
      : [
          '    // The target, once there is one:',
          `    // cloud: { kind: 'odata-v4', url: 'https://…', auth: { … } },`,
        ]),
    '  },',
    '  // Nobody signs their own run: the engineer starts it, the owner signs. Both keys were made here to practise with;',
    '  // before a live run the owner makes a pair with `landfall keys`, and hands over the public half alone.',
    '  people: {',
    ...of.people.map(
      ({ id, name: called, role }) =>
        `    ${propertyName(id)}: { name: ${quote(called)}, roles: [${quote(role)}], publicKey: { file: ${quote(`people/${id}.pub`)} } },`,
    ),
    '  },',
    '  migrations: {',
    `    ${propertyName(name)}: {`,
    `      blueprint: ${quote(`blueprints/${name}/blueprint.ts`)},`,
    `      source: 'legacy',`,
    ...(of.target ? [`      target: 'cloud',`] : [`      // target: 'cloud',`]),
    `      owners: [${ids('owner')}],`,
    `      engineers: [${ids('engineer')}],`,
    '    },',
    '  },',
    '});',
    '',
  ];
  const used = ['defineConfig', 'env', 'file'].filter((one) => body.some((line) => line.includes(`${one}(`)));
  return [...importLines(used, 'landfall'), '', ...body].join('\n');
}
