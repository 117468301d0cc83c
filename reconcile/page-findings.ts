import type { AttachmentsReport, Held, PartReport } from '../model/report.ts';
import { markup, nothing, number, table, type Html } from './html.ts';
import { arrived, findings, heldBack } from './page-words.ts';
import { pair, value } from './page-values.ts';

const ownKey = markup`<i>the target’s own key of the row</i>`;

function differences(part: PartReport): Html {
  if (part.differencesTotal === 0) return nothing;
  const listed = part.differences.length;
  const more = part.differencesTotal > listed;
  const fields = part.differencesByField
    .map(({ field, rows }) => `${field === '_target' ? 'own key' : field} in ${number(rows)}`)
    .join(', ');
  const caption = markup`Fields that differ <small>${more ? markup`The first ${listed} of ${part.differencesTotal}. ` : nothing}By field: ${fields}.</small>`;
  const rows = part.differences.map((one) => {
    const [meant, found] = pair(one.meant, one.found);
    return [
      value(one.key),
      one.field === '_target' ? ownKey : one.field,
      meant,
      found,
      markup`<code>${String(one.id)}</code>`,
    ];
  });
  const columns = [
    { head: 'Key' },
    { head: 'Field' },
    { head: 'Meant' },
    { head: 'Found' },
    { head: 'No.', numeric: true },
  ];
  return table(caption, columns, rows, { find: true });
}

function keys(title: string, found: readonly string[], total: number): Html {
  if (total === 0) return nothing;
  const more = total > found.length ? markup` <small>The first ${found.length} of ${total}.</small>` : nothing;
  const items = found.map((key) => markup`<li data-find>${value(key)}</li>`);
  return markup`<div class="keys">
    <h4>${title}${more}</h4>
    <ul>
      ${items}
    </ul>
  </div>`;
}

function attachments(found: AttachmentsReport | null): Html {
  if (!found) return nothing;
  const due = found.due === undefined ? nothing : markup` of ${found.due}`;
  const said =
    found.differing === 0 ? 'each came back with the same size and digest' : `${number(found.differing)} differ`;
  const rows = (found.differences ?? []).map((one) => [
    value(one.key),
    one.bytes ?? '',
    one.actualBytes ?? markup`<i class="none">not there</i>`,
    markup`<code>${(one.sha256 ?? '').slice(0, 16)}</code>`,
    markup`<code>${(one.actualSha256 ?? '').slice(0, 16)}</code>`,
  ]);
  const columns = [
    { head: 'Key' },
    { head: 'Bytes sent', numeric: true },
    { head: 'Bytes found', numeric: true },
    { head: 'Digest sent' },
    { head: 'Digest found' },
  ];
  return markup`<p>${found.moved}${due} attachments with ${found.bytes} bytes were moved: ${said}.</p>
    ${rows.length === 0 ? nothing : table(markup`Attachments that differ`, columns, rows, { find: true })}`;
}

/** What differs in a part, down to the record and the field; nothing where nothing does. */
export function partFindings(part: PartReport): Html {
  const found = findings(part);
  if (found === 0) return nothing;
  const said = [
    [part.differing, 'differ'],
    [part.missing, 'missing'],
    [part.unexpected, 'not meant'],
    [part.duplicates, 'more than once'],
    [part.attachments?.differing ?? 0, part.attachments?.differing === 1 ? 'attachment differs' : 'attachments differ'],
  ] as const;
  const counts = said.filter(([n]) => n > 0).map(([n, what]) => `${number(n)} ${what}`);
  return markup`<details open>
    <summary>
      <h3>${part.title}</h3>
      <span>${counts.join(', ')}</span>
    </summary>
    ${differences(part)}${keys('Missing in the target', part.missingKeys, part.missing)}${keys(
      'In the target, but not meant to be',
      part.unexpectedKeys,
      part.unexpected,
    )}${keys('In the target more than once', part.duplicateKeys, part.duplicates)}${attachments(part.attachments)}
  </details>`;
}

const kinds = [
  ['rejected', 'Held back by a rule', 'Can be corrected and replayed.'],
  ['refused', 'Refused by the target', 'The target’s own code stands for the rule.'],
  ['blocked', 'Waiting for a row that they refer to', 'They follow as soon as that row can be moved.'],
  ['leftBehind', 'Left behind on purpose', 'The migration’s owners decided so.'],
  ['dropped', 'Moved without a reference', 'What it points at is not in the target; the row itself has arrived.'],
] as const;

function heldTable(title: string, note: string, rows: readonly Held[]): Html {
  if (rows.length === 0) return nothing;
  return table(
    markup`${title} <small>${note}</small>`,
    [{ head: 'Reason' }, { head: 'Field' }, { head: 'Rows', numeric: true }, { head: 'Rule' }],
    rows.map((row) => [
      row.reason === '' ? row.rule : row.reason,
      row.field === '' ? markup`<i class="none">whole row</i>` : row.field,
      row.rows,
      markup`<code>${row.rule}</code>`,
    ]),
    { find: true },
  );
}

/** What of a part did not move, or not all of it, and why. */
export function partHeld(part: PartReport): Html {
  const tables = kinds.map(([kind, title, note]) => heldTable(title, note, part[kind]));
  if (tables.every((one) => one === nothing)) return nothing;
  const said = [
    ...(heldBack(part) > 0 ? [`${number(heldBack(part))} held back`] : []),
    ...(part.accounting.left > 0 ? [`${number(part.accounting.left)} left behind`] : []),
    ...(part.accounting.droppedReferences > 0
      ? [`${number(part.accounting.droppedReferences)} references dropped`]
      : []),
  ];
  return markup`<details>
    <summary>
      <h3>${part.title}</h3>
      <span>${said.join(', ')}</span>
    </summary>
    ${tables}
  </details>`;
}

/** Every row of every part, from the source to the target. */
export function rowsTable(parts: readonly PartReport[]): Html {
  const columns = [
    { head: '' },
    { head: 'Read', numeric: true },
    { head: 'Left behind', numeric: true },
    { head: 'Held back', numeric: true },
    { head: 'Written', numeric: true },
    { head: 'Found', numeric: true },
    { head: 'Equal', numeric: true },
    { head: 'Result' },
  ];
  const caption = markup`Every row, from the source to the target <small>Found: rows of this migration that the target holds now, read back after the load. Equal: compared with what was meant, field by field. Where rows are merged or split, fewer or more are written than were read.</small>`;
  const rows = parts.map((part) => [
    part.title,
    part.accounting.extracted,
    part.accounting.left,
    heldBack(part),
    arrived(part),
    part.readBack,
    part.equal,
    result(part),
  ]);
  return table(caption, columns, rows, { find: false });
}

function result(part: PartReport): Html {
  if (findings(part) > 0) return markup`<span class="bad">✗ ${number(findings(part))} to clear</span>`;
  const open = part.notCompared.length > 0 || part.consistency === 'fuzzy';
  return open ? markup`<span class="warn">? not verified</span>` : markup`<span class="ok">✓ agrees</span>`;
}
