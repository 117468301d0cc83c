import { createHash } from 'node:crypto';
import type { Report } from '../model/report.ts';
import { escaped, markup, nothing, number, type Html } from './html.ts';
import { corrections } from './page-corrections.ts';
import { evidence } from './page-evidence.ts';
import { figureTable } from './page-figures.ts';
import { partFindings, partHeld, rowsTable } from './page-findings.ts';
import { script } from './page-script.ts';
import { style } from './page-style.ts';
import { arrived, findings, headline, heldBack, total } from './page-words.ts';

const verdicts = {
  whole: { mark: '✓', word: 'Whole' },
  differs: { mark: '✗', word: 'Differs' },
  unverified: { mark: '?', word: 'Not verified' },
} as const;

/** Reasons shown at once; the rest folds away. */
const ReasonsShown = 8;

function verdict(report: Report): Html {
  const { mark, word } = verdicts[report.verdict];
  const items = (reasons: readonly string[]): Html =>
    markup`<ul>
      ${reasons.map((one) => markup`<li>${one}</li>`)}
    </ul>`;
  const more = report.reasons.slice(ReasonsShown);
  const rest =
    more.length === 0
      ? nothing
      : markup`<details>
          <summary>${more.length} more</summary>
          ${items(more)}
        </details>`;
  const reasons =
    report.reasons.length === 0 ? nothing : markup`${items(report.reasons.slice(0, ReasonsShown))}${rest}`;
  return markup`<p class="verdict"><span aria-hidden="true">${mark}</span> ${word}</p>
    <h1>${headline(report)}</h1>
    ${reasons}`;
}

/** One bar: what arrived, what was held back, what stayed behind. Drawn without styles, which the policy forbids. */
function bar(report: Report): Html {
  const shares = [
    ['arrived', total(report, arrived), report.verdict === 'differs' ? 'written' : 'arrived'],
    ['held', total(report, heldBack), 'held back, each with a reason'],
    ['left', total(report, (part) => part.accounting.left), 'left behind on purpose'],
  ] as const;
  const all = shares.reduce((sum, [, n]) => sum + n, 0);
  if (all === 0) return nothing;
  let at = 0;
  const pieces = shares.map(([name, n]) => {
    // A share that is there is seen, however small it is.
    const width = n === 0 ? 0 : Math.max(0.6, (n / all) * 100);
    const piece = markup`<rect class="${name}" x="${at.toFixed(2)}" width="${width.toFixed(2)}" height="4" />`;
    at += width;
    return piece;
  });
  const legend = shares
    .filter(([, n]) => n > 0)
    .map(([name, n, what]) => markup`<li class="${name}"><b>${n}</b> ${what}</li>`);
  return markup`<div class="bar">
    <svg viewBox="0 0 ${at.toFixed(2)} 4" preserveAspectRatio="none" aria-hidden="true">${pieces}</svg>
    <ul>
      ${legend}
    </ul>
  </div>`;
}

function signature(report: Report, digest: string): Html {
  const owners = report.owners.map((owner, i) => markup`${i === 0 ? '' : ' or '}<bdi>${owner.name}</bdi>`);
  const command = `landfall sign-off ${report.run} --report ${digest.slice(0, 16)} --as ${report.owners[0]?.id ?? 'NAME'}`;
  const blank = markup`<p class="blank" aria-hidden="true"><span>Name</span><span>Place and date</span><span>Signature</span></p>`;
  const said =
    report.verdict === 'whole'
      ? markup`<p>
            ${owners} may sign. The signature stands for these figures of this run and for nothing else: it names the
            report by its digest.
          </p>
          <p class="digest"><code>${digest}</code></p>
          <pre>${command}</pre>
          <p class="soft">To refuse, add <code>--refuse --comment "…"</code>. Nobody signs a run that they started.</p>
          ${blank}`
      : markup`<p>
            A report that is not whole cannot be signed. ${owners} may refuse it; then what is named above is mended,
            and another run makes another report.
          </p>
          <p class="digest"><code>${digest}</code></p>
          <pre>${command} --refuse</pre>`;
  return markup`<section class="sign" aria-labelledby="sign">
    <h2 id="sign">Your signature</h2>
    ${said}
  </section>`;
}

function section(id: string, title: string, intro: string, body: readonly Html[]): Html {
  if (body.every((one) => one === nothing)) return nothing;
  const said = intro === '' ? nothing : markup`<p class="soft">${intro}</p>`;
  return markup`<section aria-labelledby="${id}">
    <h2 id="${id}">${title}</h2>
    ${said}${body}
  </section> `;
}

const search = markup`<form class="find" role="search" hidden>
  <label for="find">Find a key, a field or a reason</label>
  <input id="find" type="search" autocomplete="off" spellcheck="false" /> <output id="found" for="find"></output>
</form>`;

function hashOf(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}

/**
 * The report as one page that needs nothing else: the verdict first, who may sign it, then figures, differences, what was
 * held back and why, and what it was computed from. Every value is escaped; the policy lets nothing run but the page’s
 * own search box, without which everything is shown. The same report gives the same bytes.
 *
 * @param digest the report’s, as `seal` gives it
 */
export function reportPage(report: Report, digest: string): string {
  const policy = [
    `default-src 'none'`,
    `style-src ${hashOf(style)}`,
    `script-src ${hashOf(script)}`,
    `base-uri 'none'`,
    `form-action 'none'`,
  ].join('; ');
  const controls = 'Each control is computed on both sides with expressions of its own, not with the mapping’s.';
  const found = total(report, findings);
  const body = markup`<header class="${report.verdict}">
      <p class="kicker">
        <b>${report.title}</b> Reconciliation report of a ${report.mode === 'live' ? 'live run' : 'rehearsal'}
      </p>
      ${verdict(report)}${bar(report)}
    </header>
    <main>
      ${signature(report, digest)} ${search} ${section('figures', 'Figures', controls, report.figures.map(figureTable))}
      ${section('rows', 'Rows', '', [rowsTable(report.parts)])}
      ${section('differences', 'Differences', found === 0 ? '' : 'What was meant and what was found, with the letters marked in which they part.', report.parts.map(partFindings))}
      ${section('corrected', 'Corrected by hand', 'These rows moved as they were corrected, not as they stand in the source; the figures show the difference.', [corrections(report)])}
      ${section('held', 'Held back and left behind', 'Nothing is missing without a reason: these are the reasons.', report.parts.map(partHeld))}
      ${section('evidence', 'Technical evidence', '', [evidence(report, digest)])}
    </main>
    <footer>
      Landfall · <code>${digest.slice(0, 16)}</code> · ${number(report.parts.length)}
      ${report.parts.length === 1 ? 'part' : 'parts'}
    </footer>`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${escaped(policy)}">
<meta name="referrer" content="no-referrer">
<title>${escaped(`${report.title}: ${verdicts[report.verdict].word.toLowerCase()}`)}</title>
<style>${style}</style>
</head>
<body>
${body.text}
<script>${script}</script>
</body>
</html>
`;
}
