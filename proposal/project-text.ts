import { blueprintFiles } from './blueprint-text.ts';
import { configText, type ProjectPerson, type Settings } from './config-text.ts';
import type { Proposal } from './proposal.ts';

/** What a new project consists of, besides its keys. */
export interface Project {
  proposal: Proposal;
  source: Settings;
  target: Settings | null;
  people: readonly ProjectPerson[];
  /** What `package.json` asks for: a version, or a checkout as `file:…`. */
  landfall: string;
  typescript: string;
  /** Environment variables that hold secrets. */
  variables: readonly string[];
}

const ignored = `# Private keys and the master key; rows at rest; what a run writes for people to read.
keys/
staging/
node_modules/
rejects.csv
report.html
`;

/** For the editor, and for `npm run types`: Node runs these files as they are. */
const compiler = `{
  "compilerOptions": {
    "target": "es2024",
    "lib": ["es2024"],
    "module": "nodenext",
    "types": [],
    "strict": true,
    "noUncheckedIndexedAccess": true,
    "exactOptionalPropertyTypes": true,
    "verbatimModuleSyntax": true,
    "erasableSyntaxOnly": true,
    "allowImportingTsExtensions": true,
    "skipLibCheck": true,
    "noEmit": true
  },
  "include": ["**/*.ts"]
}
`;

function packageText({ proposal, landfall, typescript }: Project): string {
  const content = {
    name: `${proposal.name.toLowerCase()}-migration`,
    version: '0.0.0',
    private: true,
    type: 'module',
    scripts: { check: 'landfall check', types: 'tsc --noEmit' },
    dependencies: { landfall },
    devDependencies: { typescript },
  };
  return `${JSON.stringify(content, null, 2)}\n`;
}

/** The commands that come next, each with what it is for. */
export function nextCommands(
  of: Pick<Project, 'proposal' | 'people' | 'variables' | 'target'>,
): [command: string, why: string][] {
  const person = (role: ProjectPerson['role']): string => of.people.find((one) => one.role === role)?.id ?? role;
  const { name } = of.proposal;
  return [
    ['npm install', ''],
    ...of.variables.map((one): [string, string] => [`export ${one}=…`, 'the secret, for this and for every worker']),
    ['npx landfall check', 'what is left to decide, and what is wrong'],
    ...(of.target
      ? ([
          ['temporal server start-dev', 'in a terminal of its own'],
          ['npx landfall worker', 'in another'],
          [`npx landfall run ${name} --as ${person('engineer')} --watch`, 'a rehearsal'],
          ['npx landfall rejects RUN', 'the rows that are held back, and why'],
          ['npx landfall report RUN', 'what arrived, and what differs'],
          [
            `npx landfall sign-off RUN --report DIGEST --as ${person('owner')} --key keys/${person('owner')}.key`,
            'the owner’s decision',
          ],
        ] satisfies [string, string][])
      : []),
  ];
}

function readmeText(project: Project): string {
  const { proposal } = project;
  const commands = nextCommands(project);
  const width = Math.min(40, Math.max(...commands.map(([command]) => command.length)));
  const lines = commands.map(([command, why]) => (why === '' ? command : `${command.padEnd(width)}  # ${why}`));
  return `# ${proposal.title}

A migration with Landfall. \`blueprints/${proposal.name}\` says what moves, and how: a proposal that \`landfall init\` made
from what the systems declare of themselves. Everything in it is to be read and edited; nothing was read from rows.

\`\`\`sh
${lines.join('\n')}
\`\`\`

${project.target ? '' : 'There is no target yet. Add its connection to `landfall.config.ts` and name it in the migration, give each entity the\ntarget’s own collection and fields, and run `landfall check` again.\n\n'}A comment that begins with \`decide:\` is a question to a person. \`landfall check\` lists them with file and line; take each
away when it is answered. A rehearsal may begin with open ones, a live run may not.

- \`landfall.config.ts\`: connections, people, migrations; secrets only as references
- \`blueprints/${proposal.name}/blueprint.ts\`: the entities that move, in order
- \`blueprints/${proposal.name}/controls.ts\`: figures that must agree on both sides
- \`people/\`: public keys, which belong into version control
- \`keys/\`: private keys and the master key, which do not: Git ignores them
`;
}

/** Every file of a new project but its keys: path to text. */
export function projectFiles(project: Project): Record<string, string> {
  const { proposal } = project;
  const blueprint = Object.entries(blueprintFiles(proposal)).map(([file, text]) => [
    `blueprints/${proposal.name}/${file}`,
    text,
  ]);
  return {
    'landfall.config.ts': configText(project),
    'package.json': packageText(project),
    'tsconfig.json': compiler,
    '.gitignore': ignored,
    'README.md': readmeText(project),
    ...Object.fromEntries(blueprint),
  };
}
