// Who may import whom. A folder may always import itself; imports of types count as imports.

import { Visitor } from '@swc/core/Visitor.js';

// The visitor that finds the imports was written before `using` declarations and stops at them.
const { visitStatement } = Visitor.prototype;
Visitor.prototype.visitStatement = function visitUsing(statement) {
  if (statement.type !== 'UsingDeclaration') return visitStatement.call(this, statement);
  statement.decls = this.visitVariableDeclarators(statement.decls);
  return statement;
};

const npm = (name) => `(^|/)node_modules/${name}/`;
const anyButTemporal = '(^|/)node_modules/(?!@temporalio/)';

const folders = [
  // Words only: they run in workflows, in blueprints and in tests alike, so nothing of Node either.
  { folder: 'model', may: [npm('zod')] },
  { folder: 'mapping', may: ['^model/', npm('zod')], node: true },
  // Deterministic code: nothing that reads or writes; activities by their types alone (see below).
  { folder: 'workflows', may: ['^(model|activities)/', npm('@temporalio/(workflow|common)')] },
  {
    folder: 'activities',
    may: [
      '^(model|mapping|staging|reconcile)/',
      '^connectors/(port|registry)\\.ts$',
      npm('@temporalio/(activity|common)'),
      anyButTemporal,
    ],
    node: true,
  },
  { folder: 'staging', may: ['^model/', anyButTemporal], node: true },
  // Not mapping: controls are written against source and target, and never with the expressions that they control.
  { folder: 'reconcile', may: ['^(model|staging)/', anyButTemporal], node: true },
  // Pure: what source and target declare comes in as the port's types, and text goes out.
  { folder: 'proposal', may: ['^model/', '^connectors/port\\.ts$', npm('fastest-levenshtein')] },
  { folder: 'blueprints', may: ['^model/builders\\.ts$'] },
  { folder: 'portal', may: ['^(model|staging|reconcile)/', anyButTemporal], node: true },
  // What stands in for a real system must not share code with what is tested against it.
  { folder: 'sandbox', may: ['^model/', npm('@temporalio/(client|testing)'), anyButTemporal], node: true },
];

const product =
  '^(model|mapping|workflows|activities|connectors|staging|reconcile|proposal|blueprints|portal|cli|worker)/';

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    ...folders.map(({ folder, may, node }) => ({
      name: `${folder}-imports`,
      severity: 'error',
      comment: `${folder}/ may import itself${node ? ', modules of Node' : ''} and: ${may.join('  ')}`,
      from: { path: `^${folder}/` },
      to: { pathNot: [`^${folder}/`, ...may], ...(node ? { dependencyTypesNot: ['core'] } : {}) },
    })),
    {
      name: 'connector-imports',
      severity: 'error',
      comment:
        'A connector imports model, connectors/port.ts and its own folder: never another connector, never Temporal, and ' +
        'not staging, because rows leave it through what the port hands it.',
      from: { path: '^connectors/([^/]+)/' },
      to: {
        pathNot: ['^connectors/$1/', '^connectors/port\\.ts$', '^model/', anyButTemporal],
        dependencyTypesNot: ['core'],
      },
    },
    {
      name: 'connector-port-imports',
      severity: 'error',
      comment: 'The port is words only, like model; the registry alone knows the connectors.',
      from: { path: '^connectors/port(/|\\.ts$)' },
      to: { pathNot: ['^connectors/port/', '^model/', npm('zod')] },
    },
    {
      name: 'activities-as-types',
      severity: 'error',
      comment: 'A workflow that imports the code of an activity would run it in the deterministic sandbox.',
      from: { path: '^workflows/' },
      to: { path: '^activities/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'worker-is-the-root',
      severity: 'error',
      comment:
        'worker/ puts everything together; only the command that starts it imports it, and the build what it bundles.',
      from: { pathNot: '^((worker|cli|tests|bench)/|tools/build\\.ts$)' },
      to: { path: '^worker/' },
    },
    {
      name: 'cli-is-the-edge',
      severity: 'error',
      comment: 'Nothing imports the command line but what writes its page.',
      from: { pathNot: '^((cli|tests|bench)/|tools/docs/command\\.ts$)' },
      to: { path: '^cli/' },
    },
    {
      name: 'sandbox-is-no-product',
      severity: 'error',
      comment: 'Product code never needs a sandbox system; only the demo and dev commands start them.',
      from: { path: product, pathNot: '^cli/.*(demo|dev)' },
      to: { path: '^(sandbox|tests|bench|tools)/' },
    },
    {
      name: 'bench-is-the-edge',
      severity: 'error',
      comment: 'The bench measures everything else, and nothing else is made of it.',
      from: { pathNot: '^(tests/)?bench/' },
      to: { path: '^bench/' },
    },
    {
      name: 'no-cycles',
      severity: 'error',
      comment: 'Also not by types: two files that need each other are one file, or three.',
      from: {},
      to: { circular: true },
    },
    {
      name: 'resolvable',
      severity: 'error',
      comment: 'An import that leads nowhere would escape every other rule.',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'declared',
      severity: 'error',
      comment: 'What the product imports is in the dependencies of package.json, so that an installed package has it.',
      from: { path: product },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['type-only'] },
    },
  ],
  options: {
    // TypeScript 7 has no interface that this tool can use; swc reads the syntax, and sees imports of types.
    parser: 'swc',
    moduleSystems: ['es6'],
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|\\.landfall)/' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.js', '.mjs', '.json'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
};
