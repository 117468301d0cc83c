import { createHash } from 'node:crypto';
import type { FigureReport, PartReport, Report } from '../model/report.ts';
import { style } from './page-style.ts';

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

/** Text of unknown direction, kept from disturbing its neighbours. */
function bdi(text: string | null): string {
  return text === null ? '<i class="none">empty</i>' : `<bdi>${escaped(text)}</bdi>`;
}

function number(n: number): string {
  return n.toLocaleString('en-GB');
}

/** An exact figure with thousands separators; its digits are never parsed. */
function figure(text: string | null): string {
  if (text === null) return '<i class="none">not known</i>';
  const [whole = '', fraction] = text.split('.');
  const grouped = whole.replace(/\B(?=(\d{3})+(?!\d))/g, ',');
  return escaped(fraction === undefined ? grouped : `${grouped}.${fraction}`);
}

function table(
  caption: string,
  heads: readonly string[],
  rows: readonly (readonly string[])[],
  numeric: ReadonlySet<number>,
): string {
  const cell = (value: string, i: number): string => {
    const kind = numeric.has(i) ? ' class="n"' : '';
    return i === 0 ? `<th scope="row"${kind}>${value}</th>` : `<td${kind}>${value}</td>`;
  };
  const head = heads
    .map((text, i) => `<th scope="col"${numeric.has(i) ? ' class="n"' : ''}>${escaped(text)}</th>`)
    .join('');
  return (
    `<div class="scroll"><table><caption>${caption}</caption><thead><tr>${head}</tr></thead>` +
    `<tbody>${rows.map((row) => `<tr>${row.map(cell).join('')}</tr>`).join('')}</tbody></table></div>`
  );
}

const verdicts = {
  whole: 'Everything that was meant to arrive has arrived, and is what it was meant to be.',
  differs: 'The target is not yet what it was meant to be.',
  unverified: 'Nothing was found to differ, but not everything could be compared.',
} as const;

function heldBack(part: PartReport): number {
  return part.accounting.rejected + part.accounting.blocked + part.accounting.refused;
}

function summary(report: Report): string {
  const sum = (pick: (part: PartReport) => number): number =>
    report.parts.reduce((total, part) => total + pick(part), 0);
  const held = sum(heldBack);
  const left = sum((part) => part.accounting.left);
  const tiles = [
    [number(sum((part) => part.accounting.extracted)), 'rows read from the source'],
    [number(sum((part) => part.equal)), 'rows in the target, equal field by field'],
    [number(held), 'rows held back, each with a reason'],
    [number(left), 'rows left behind on purpose'],
  ];
  return `<ul class="tiles">${tiles.map(([value, label]) => `<li><b>${value}</b><span>${label}</span></li>`).join('')}</ul>`;
}

function accounting(report: Report): string {
  const rows = report.parts.map((part) => {
    const a = part.accounting;
    return [
      escaped(part.title),
      ...[
        a.extracted,
        a.rejected,
        a.left,
        a.contributing,
        a.ready,
        a.created + a.updated + a.unchanged,
        a.refused,
        a.blocked,
      ].map(number),
      number(part.readBack),
      number(part.equal),
      part.differing + part.missing + part.unexpected + part.duplicates === 0
        ? '<span class="ok">agrees</span>'
        : `<span class="bad">${number(part.differing)} differ, ${number(part.missing)} missing, ${number(part.unexpected)} unexpected</span>`,
    ];
  });
  const heads = [
    '',
    'Read',
    'Rejected',
    'Left behind',
    'Used',
    'Made ready',
    'Written',
    'Refused',
    'Waiting for a parent',
    'In the target',
    'Equal',
    'Result',
  ];
  const caption =
    'Every row, from the source to the target. <small>Read = rejected + left behind + used. Made ready = written + refused + waiting for a parent; merged rows make fewer, split rows more than were used.</small>';
  return table(caption, heads, rows, new Set([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]));
}

const marks = {
  match: '<span class="ok">agrees</span>',
  explained: '<span class="ok">explained</span>',
  unexplained: '<span class="bad">differs</span>',
  unverified: '<span class="warn">not verified</span>',
} as const;

function figureTable(one: FigureReport): string {
  const rows = one.groups.map((group) => {
    const label = Object.entries(group.group)
      .map(([name, value]) => `${escaped(name)} ${bdi(value)}`)
      .join(', ');
    const name = label === '' ? 'All' : label;
    return one.expected === null
      ? [
          name,
          figure(group.source),
          figure(group.staged),
          figure(group.moved),
          figure(group.target),
          marks[group.judgement],
        ]
      : [name, figure(one.expected), figure(group.target), marks[group.judgement]];
  });
  const heads =
    one.expected === null
      ? ['Group', 'Source says', 'Read', 'Of which moved', 'Target holds', 'Result']
      : ['Group', 'Must be', 'Target holds', 'Result'];
  const caption = `${escaped(one.title)} <small>in ${escaped(one.unit)}${one.note === '' ? '' : ` — ${escaped(one.note)}`}</small>`;
  return table(caption, heads, rows, new Set(one.expected === null ? [1, 2, 3, 4] : [1, 2]));
}

function list(title: string, rows: PartReport['rejected']): string {
  if (rows.length === 0) return '';
  return table(
    escaped(title),
    ['Rule', 'Field', 'Rows', 'Why'],
    rows.map((row) => [escaped(row.rule), escaped(row.field), number(row.rows), escaped(row.reason)]),
    new Set([2]),
  );
}

function partDetails(part: PartReport): string {
  const pieces: string[] = [];
  if (part.differences.length > 0) {
    const more = part.differencesTotal - part.differences.length;
    pieces.push(
      table(
        `Differences${more > 0 ? ` <small>the first ${number(part.differences.length)} of ${number(part.differencesTotal)}</small>` : ''}`,
        ['Key', 'Field', 'Meant', 'Found'],
        part.differences.map((one) => [bdi(one.key), escaped(one.field), bdi(one.meant), bdi(one.found)]),
        new Set(),
      ),
    );
  }
  const keys = (title: string, found: readonly string[], total: number): void => {
    if (total > 0)
      pieces.push(`<p><strong>${title}:</strong> ${found.map(bdi).join(', ')}${total > found.length ? ' …' : ''}</p>`);
  };
  keys('Missing in the target', part.missingKeys, part.missing);
  keys('In the target, but not meant', part.unexpectedKeys, part.unexpected);
  pieces.push(
    list('Rejected: held back by a rule; can be corrected and replayed', part.rejected),
    list('Waiting for a row that they refer to', part.blocked),
    list('Refused by the target', part.refused),
    list('Left behind on purpose', part.leftBehind),
    list('Moved without a reference, because what it points at is not there', part.dropped),
  );
  if (part.attachments) {
    const { moved, bytes, differing } = part.attachments;
    const state = differing === 0 ? 'each read back with the same size and digest' : `${number(differing)} differ`;
    pieces.push(`<p>${number(moved)} attachments with ${number(bytes)} bytes: ${state}.</p>`);
  }
  const body = pieces.join('');
  if (body === '') return '';
  const count = heldBack(part) + part.accounting.left + part.differencesTotal + part.missing + part.unexpected;
  const open = part.differencesTotal + part.missing + part.unexpected > 0 ? ' open' : '';
  return `<details${open}><summary>${escaped(part.title)} <span>${number(count)}</span></summary>${body}</details>`;
}

function signature(report: Report, digest: string): string {
  const owners = report.owners.map((owner) => bdi(owner.name)).join(' or ');
  return (
    `<section class="sign" aria-labelledby="sign"><h2 id="sign">Your signature</h2>` +
    `<p>${owners} may sign. A signature names the digest below; it stands for these figures of this run, and for nothing else.</p>` +
    `<p class="digest">${digest}</p>` +
    `<pre>landfall sign-off ${escaped(report.run)} --report ${digest.slice(0, 16)} --as ${escaped(report.owners[0]?.id ?? 'NAME')}</pre></section>`
  );
}

/**
 * The report as one page that needs nothing else: the verdict first, then the figures, the differences, what was held
 * back and why, and what it was computed from. Every value is escaped; scripts are not used and not allowed.
 */
export function reportPage(report: Report, digest: string): string {
  const styleHash = createHash('sha256').update(style).digest('base64');
  const policy = `default-src 'none'; style-src 'sha256-${styleHash}'; base-uri 'none'; form-action 'none'`;
  const reasons =
    report.reasons.length === 0
      ? ''
      : `<ul class="reasons">${report.reasons.map((one) => `<li>${escaped(one)}</li>`).join('')}</ul>`;
  const evidence = [
    ['Run', report.run],
    ['Kind', report.mode],
    ['Plan', report.plan],
    ['Source', `${report.source.connection}: ${report.source.positions.join('; ')}`],
    ['Target', `${report.target.connection}, read at ${report.target.asAt}`],
    ['Started', report.startedAt],
    ['Report', digest],
  ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<title>${escaped(report.title)}: reconciliation</title>
<style>${style}</style>
</head>
<body>
<header><p class="kicker">Landfall reconciliation report · ${escaped(report.mode)}</p><h1>${escaped(report.title)}</h1></header>
<main>
<section class="verdict ${report.verdict}" aria-label="Verdict"><p>${verdicts[report.verdict]}</p>${reasons}</section>
${summary(report)}
${signature(report, digest)}
<section aria-labelledby="rows"><h2 id="rows">Rows</h2>${accounting(report)}</section>
<section aria-labelledby="figures"><h2 id="figures">Figures</h2><p>Computed on both sides with expressions of their own, not with the mapping’s.</p>${report.figures.map(figureTable).join('')}</section>
<section aria-labelledby="details"><h2 id="details">Differences, and what was held back</h2>${report.parts.map(partDetails).join('')}</section>
<section aria-labelledby="evidence"><h2 id="evidence">Evidence</h2><dl>${evidence.map(([name = '', value = '']) => `<dt>${name}</dt><dd>${escaped(value)}</dd>`).join('')}</dl></section>
</main>
</body>
</html>
`;
}
