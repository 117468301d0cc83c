import { entityText } from './entity-text.ts';
import { constantOf, fileOf } from './names.ts';
import type { Proposal, ProposedControl } from './proposal.ts';
import { comment, decision, docComment, importLines, listLines, quote, Width } from './source-text.ts';

/** The files of a proposed blueprint: name to text. */
export function blueprintFiles(proposal: Proposal): Record<string, string> {
  const files: Record<string, string> = {
    'blueprint.ts': mainText(proposal),
    'controls.ts': controlsText(proposal),
  };
  if (proposal.zone) files['clock.ts'] = clockText(proposal.zone);
  for (const entity of [...proposal.entities, ...proposal.waiting]) files[fileOf(entity.name)] = entityText(entity);
  return files;
}

function mainText(proposal: Proposal): string {
  const imports = proposal.entities
    .map((one) => ({ constant: constantOf(one.name), file: fileOf(one.name) }))
    .sort((a, b) => (a.file < b.file ? -1 : 1));
  const waiting = proposal.waiting.map((one) => constantOf(one.name)).join(', ');
  return [
    ...importLines(['blueprint'], 'landfall'),
    `import { controls } from './controls.ts';`,
    ...imports.map(({ constant, file }) => `import { ${constant} } from './${file}';`),
    '',
    ...docComment([
      `${proposal.title}: a proposal, made from what source and target declare. Read it, edit it, and ask`,
      '`landfall check` what is left: it lists each comment that begins with `decide:`.',
    ]),
    ...proposal.decide.flatMap((one) => decision(one, '')),
    `export default blueprint(${quote(proposal.name)}, {`,
    `  title: ${quote(proposal.title)},`,
    ...comment('In an order in which references point backwards.', '  '),
    ...listLines(
      'entities: [',
      proposal.entities.map((one) => constantOf(one.name)),
      '],',
      '  ',
    ),
    ...(waiting === ''
      ? []
      : decision(
          `no collection of the target whose rows have a key of one part is called like these. Name one in the file of each that moves, and take it in above: ${waiting}.`,
          '  ',
        )),
    '  controls,',
    '});',
    '',
  ].join('\n');
}

function clockText({ name, guessed }: { name: string; guessed: boolean }): string {
  return [
    ...importLines(['sql', 'type Sql'], 'landfall'),
    '',
    ...docComment([
      'A time that the source keeps without its zone, as an instant. What the change to summer time skips is taken as the',
      'hour after; what the change back repeats, as its first occurrence.',
    ]),
    ...(guessed ? decision('which clock did people and programs write local times by? UTC is a guess.', '') : []),
    'export function localTime(time: Sql): Sql {',
    `  return sql\`local_time(\${time}, ${quote(name)}, 'later', 'earlier')\`;`,
    '}',
    '',
  ].join('\n');
}

function sideText(control: ProposedControl, side: 'source' | 'target'): string {
  const sql = (text: string): string => quote(text);
  const by = control.by && `by: { ${control.by.label}: ${sql(control.by[side === 'source' ? 'column' : 'field'])} }`;
  const value = control.sum && `value: ${sql(control.sum[side === 'source' ? 'column' : 'field'])}`;
  return `${side}: { ${[`of: ${quote(control.entity)}`, by, value].filter((one) => one !== undefined).join(', ')} }`;
}

function sumLines(control: ProposedControl): string[] {
  const parts = [
    `title: ${quote(control.title)}`,
    `unit: ${quote(control.unit)}`,
    `scale: ${control.sum?.scale ?? 0}`,
    sideText(control, 'source'),
    sideText(control, 'target'),
  ];
  const open = `  sum(${quote(control.name)}, {`;
  const line = `${open} ${parts.join(', ')} }),`;
  return line.length <= Width ? [line] : [open, ...parts.map((part) => `    ${part},`), '  }),'];
}

function controlsText(proposal: Proposal): string {
  const sums = proposal.controls.filter((one) => one.kind === 'sum');
  const counted = proposal.controls.filter((one) => one.kind === 'count').map((one) => quote(one.entity));
  return [
    ...importLines(sums.length === 0 ? ['count'] : ['count', 'sum'], 'landfall'),
    '',
    ...docComment(['Whose rows are counted on both sides.']),
    ...listLines('const entities = [', counted, '];', ''),
    'const rows = entities.map((of) => count(`${of}-rows`, { title: `Rows of ${of}`, source: { of }, target: { of } }));',
    '',
    ...docComment([
      'Figures that are computed on both sides, each with expressions over its own columns. Add what the owner would ask of',
      'a move: by category, by year, by whatever they know by heart.',
    ]),
    ...(sums.length === 0
      ? ['export const controls = [...rows];']
      : ['export const controls = [', '  ...rows,', ...sums.flatMap(sumLines), '];']),
    '',
  ].join('\n');
}
