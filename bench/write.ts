import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Results, type KeptFinding } from './finding.ts';
import { curvePicture } from './growth-pictures.ts';
import { machine } from './machine.ts';
import { measures } from './measures.ts';
import type { Sizes } from './sizes.ts';

/** What people wrote about the results lies below this line, and stays. */
const Kept = '<!-- Below: written by hand. The bench leaves it as it is. -->';

const cell = (value: string): string => value.replaceAll('|', '\\|').replaceAll('\n', ' ');
const number = (value: number | null): string => (value === null ? '' : value.toLocaleString('en-GB'));

function line(one: KeptFinding): string {
  const met = one.met === null ? '' : one.met ? 'met' : '**missed**';
  const cells = [
    one.measure,
    `${number(one.ours)} ${one.ours === null ? '' : one.unit}`,
    one.peerName ?? '',
    `${number(one.peer)} ${one.peer === null ? '' : one.unit}`,
    number(one.ratio),
    one.aim ?? '',
    met,
    number(one.cpuSeconds.ours),
    number(one.cpuSeconds.peer),
    number(one.peakRssMiB.ours),
    number(one.peakRssMiB.peer),
  ];
  return `| ${cells.map((text) => cell(text.trim())).join(' | ')} |`;
}

function details(one: KeptFinding): string {
  const rounds = [
    one.rounds.ours.length > 0 ? `ours ${one.rounds.ours.join(', ')}` : '',
    one.rounds.peer.length > 0 ? `peer ${one.rounds.peer.join(', ')}` : '',
  ].filter(Boolean);
  return [
    `- **${one.measure}${one.peerName === null ? '' : `, ${one.peerName}`}**: ${one.note}`,
    `  - ${one.measured.at.slice(0, 16).replace('T', ' ')} UTC, commit ${one.measured.commit}; best of ${one.measured.rounds}; processes that wanted a core: ${one.measured.load.join(' before, ')} at its end`,
    ...pointsOf(one),
    ...(rounds.length > 0 ? [`  - rounds in ${one.unit}: ${rounds.join('; ')}`] : []),
    ...(one.command.ours === '' ? [] : [`  - ours: \`${one.command.ours}\``]),
    ...(one.command.peer === null || one.command.peer === '' ? [] : [`  - peer: \`${one.command.peer}\``]),
  ].join('\n');
}

/** The points of a curve, and where it is drawn. */
function pointsOf({ curve }: KeptFinding): string[] {
  if (curve === null) return [];
  const points = curve.points.map((one) => {
    const phases = Object.entries(one.phases).map(([name, seconds]) => `${name} ${seconds}`);
    const memory = one.peakMiB === null ? '' : `, ${number(one.peakMiB)} MiB`;
    return `${number(one.size)}: ${number(one.seconds)} s (${phases.join(', ')})${memory}`;
  });
  return [`  - over ${curve.over}: ${points.join('; ')}`];
}

function pictures(results: Results): string {
  const drawn = results.results.flatMap((one) =>
    one.curve === null ? [] : [`![${one.measure}](${one.curve.picture})`],
  );
  return drawn.length === 0 ? '' : `\n## Growth\n\n${drawn.join('\n\n')}\n`;
}

function page(results: Results): string {
  const { machine } = results;
  return `# What was measured

Written by \`npm run bench\`; the same figures are in [results.json](results.json). Only ratios mean anything: ours and the
peer ran in turn on one machine, on the same data, after one round that is not counted; the best round of each stands. A
ratio of 2 is twice as fast. Memory is the high-water mark of all processes of a side together, in MiB; the database
server's is not in it, and neither is its processor time.

${machine.cores} cores (${machine.processor}), ${machine.memoryGiB} GiB, ${machine.system}, Node ${machine.node}. Each line names its size; below, each
says when it was measured and what else the machine was asked for.

| measure | ours | peer | its figure | ratio | aim | | CPU s, ours | CPU s, peer | MiB, ours | MiB, peer |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
${results.results.map(line).join('\n')}
${pictures(results)}
## How

${results.results.map(details).join('\n')}
`;
}

/** What is there from earlier runs, but for what was measured anew; in the order of the registry. */
async function kept(file: string, found: readonly KeptFinding[]): Promise<KeptFinding[]> {
  const text = await readFile(file, 'utf8').catch(() => null);
  const before = text === null ? [] : Results.parse(JSON.parse(text)).results;
  const anew = new Set(found.map((one) => one.measured.of));
  const all = [...before.filter((one) => !anew.has(one.measured.of)), ...found];
  return measures.flatMap(({ name }) => all.filter((one) => one.measured.of === name));
}

/**
 * Writes results.json and RESULTS.md into a folder. What other measures found there before stays, and so does what people
 * wrote below the line in the latter.
 */
export async function writeResults(folder: string, sizes: Sizes, found: readonly KeptFinding[]): Promise<void> {
  await mkdir(folder, { recursive: true });
  const json = join(folder, 'results.json');
  const results = Results.parse({
    version: 1,
    at: new Date().toISOString(),
    machine: machine(),
    sizes,
    results: await kept(json, found),
  });
  await writeFile(json, `${JSON.stringify(results, null, 2)}\n`);
  for (const { curve, measure } of results.results) {
    if (curve === null) continue;
    await mkdir(join(folder, dirname(curve.picture)), { recursive: true });
    await writeFile(join(folder, curve.picture), curvePicture(measure, curve));
  }
  const file = join(folder, 'RESULTS.md');
  const [, byHand = ''] = (await readFile(file, 'utf8').catch(() => '')).split(Kept);
  await writeFile(file, `${page(results)}\n${Kept}\n${byHand.trim() === '' ? '' : `\n${byHand.trim()}\n`}`);
}
