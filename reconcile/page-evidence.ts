import type { PartReport, Report } from '../model/report.ts';
import { duration, markup, instant, nothing, number, table, type Piece, type Html } from './html.ts';
import { total } from './page-words.ts';

function list(entries: readonly (readonly [string, Piece])[]): Html {
  return markup`<dl>
    ${entries.map(
      ([name, value]) =>
        markup`<dt>${name}</dt>
          <dd>${value}</dd>`,
    )}
  </dl>`;
}

function timesOf(report: Report): [string, Piece][] {
  if (report.endedAt === undefined) return [['Started', instant(report.startedAt)]];
  const took = Date.parse(report.endedAt) - Date.parse(report.startedAt);
  const rows = total(report, (part) => part.accounting.extracted);
  const pace = took > 0 ? `, ${number(Math.round(rows / (took / 1000)))} rows a second` : '';
  return [
    ['Started', instant(report.startedAt)],
    ['Ended', instant(report.endedAt)],
    ['Took', `${duration(took)}${pace}`],
  ];
}

/** Both sums of every part, term by term. */
function sums(parts: readonly PartReport[]): Html {
  const terms = [
    'extracted',
    'contributing',
    'rejected',
    'left',
    'ready',
    'created',
    'updated',
    'unchanged',
    'refused',
    'blocked',
  ] as const;
  return table(
    markup`Row accounting <small>Extracted = contributing + rejected + left. Ready = created + updated + unchanged + refused + blocked. The target’s own count is asked of the target, not computed from what was read back.</small>`,
    [{ head: '' }, ...[...terms, 'read back', 'target’s count'].map((head) => ({ head, numeric: true }))],
    parts.map((part) => [
      part.title,
      ...terms.map((term) => part.accounting[term]),
      part.readBack,
      part.targetCount ?? markup`<i class="none">cannot say</i>`,
    ]),
  );
}

const consistencies = {
  snapshot: 'Read from one snapshot of the source.',
  frozen: 'Read while the source refused writes.',
  fuzzy: 'Read while the source changed.',
} as const;

/** Which fields of a part were compared, which were not and why, and where the complete lists lie. */
function scope(part: PartReport): Html {
  const gaps = part.notCompared.map(
    ({ field, reason }) => markup`<li><b>${field}</b> was not compared: ${reason}.</li>`,
  );
  const lists = (part.lists ?? []).map(
    ({ role, rows, content }) =>
      markup`<li>Complete list in staging: ${role}, ${rows} rows, <code>${content}</code></li>`,
  );
  const read = part.consistency === undefined ? [] : [markup`<li>${consistencies[part.consistency]}</li>`];
  const notes = [...gaps, ...read, ...lists];
  return markup`<dt>${part.title}</dt><dd>${part.compared.join(', ')}${notes.length === 0 ? nothing : markup`<ul>${notes}</ul>`}</dd>
`;
}

/** What the report was computed from, for whoever has to check it later. */
export function evidence(report: Report, digest: string): Html {
  const entries: [string, Piece][] = [
    ['Run', report.run],
    ['Migration', report.migration],
    ['Kind', report.mode],
    ['Plan', markup`<code>${report.plan}</code>`],
    [
      'Source',
      markup`${report.source.connection}${report.source.positions.map((one) => markup`<br /><code>${one}</code>`)}`,
    ],
    ['Target', markup`${report.target.connection}, as it was at ${instant(report.target.asAt)}`],
    ...timesOf(report),
    ['Report', markup`<code>${digest}</code>`],
  ];
  return markup`${list(entries)}${sums(report.parts)}
    <h3>Fields compared</h3>
    <dl>${report.parts.map(scope)}</dl>
    <p class="soft">
      The digest is the SHA-256 of the report as canonical JSON (RFC 8785). Whoever has the report can compute it again.
    </p>`;
}
