import { createHash } from 'node:crypto';
import { XMLValidator } from 'fast-xml-parser';
import { describe, expect, test } from 'vitest';
import type { Report } from '../../model/report.ts';
import { reportPage } from '../../reconcile/page.ts';
import { style } from '../../reconcile/page-style.ts';
import { pair, value } from '../../reconcile/page-values.ts';
import { seal } from '../../reconcile/seal.ts';
import { verdictOf } from '../../reconcile/verdict.ts';
import { aFigure, aPart, aReport } from './a-report.ts';

function page(report: Report): string {
  return reportPage(report, seal(report).digest);
}

/** What stands between tags of a kind, without the tags within. */
function texts(html: string, tag: string): string[] {
  return [...html.matchAll(new RegExp(`<${tag}(?: [^>]*)?>(.*?)</${tag}>`, 'gs'))].map(([, inner = '']) =>
    inner
      .replace(/<[^>]*>/g, '')
      .replace(/\s+/g, ' ')
      .trim(),
  );
}

function main(html: string): string {
  return html.slice(html.indexOf('<main>'), html.indexOf('</main>') + '</main>'.length);
}

const differing = aPart({
  equal: 4800,
  differing: 12,
  missing: 1,
  missingKeys: ['ORG-2'],
  differences: [{ id: 1, key: 'ORG-1', field: 'name', meant: 'Müller', found: 'Mueller' }],
  differencesTotal: 15,
  differencesByField: [{ field: 'name', rows: 15 }],
});
const unlike = aReport({ parts: [differing], ...verdictOf([differing], []) });

describe('the page of a report', () => {
  test('says the outcome in one sentence, first of all', () => {
    expect(texts(page(aReport()), 'h1')).toEqual([
      'All 4,812 organisations arrived and are as they were meant to be. 30 were held back and 7 were left behind on purpose; none is missing without a reason.',
    ]);
    expect(texts(page(unlike), 'h1')).toEqual(['13 of 4,812 organisations are not as they should be.']);
    const open = aPart({ consistency: 'fuzzy' });
    expect(texts(page(aReport({ parts: [open], ...verdictOf([open], []) })), 'h1')).toEqual([
      '4,812 organisations arrived and none was found to differ, but not everything could be verified.',
    ]);
  });

  test('goes from the verdict to the evidence', () => {
    const whole = page(aReport());
    expect(texts(whole, 'h2')).toEqual([
      'Your signature',
      'Figures',
      'Rows',
      'Held back and left behind',
      'Technical evidence',
    ]);
    expect(texts(page(unlike), 'h2')).toContain('Differences');
    expect(texts(whole, 'caption').map((one) => one.split(' ').slice(0, 3).join(' '))).toEqual([
      'Members by category',
      'Every row, from',
      'Held back by',
      'Left behind on',
      'Row accounting Extracted',
    ]);
    expect(texts(whole, 'th').slice(0, 6)).toEqual([
      'category',
      'Source',
      'Not moved',
      'Target',
      'Difference',
      'Result',
    ]);
  });

  test('shows source, target and their difference with thousands separators and every digit', () => {
    const sums = { source: '98123456789.05', staged: '98123456789.05', moved: '98123456789.05', target: '-1000.10' };
    const figure = aFigure({ groups: [{ group: { currency: 'CHF' }, ...sums, judgement: 'unexplained' }] });
    const html = page(aReport({ figures: [figure] }));
    expect(texts(html, 'td').slice(0, 5)).toEqual([
      '98,123,456,789.05',
      '',
      '−1,000.10',
      '−98,123,457,789.15',
      '✗ differs',
    ]);
  });

  test('shows differences with as many digits as the figures have', () => {
    const group = { group: {}, source: '10.50000', staged: '10.50000', moved: '10.00000', target: '10.00001' };
    const html = page(aReport({ figures: [aFigure({ groups: [{ ...group, judgement: 'unexplained' }] })] }));
    expect(texts(html, 'td').slice(0, 4)).toEqual(['10.50000', '−0.50000', '10.00001', '+0.00001']);
  });

  test('names who may sign and what, and offers no signature under a report that is not whole', () => {
    const whole = aReport();
    const html = page(whole);
    expect(html).toContain(seal(whole).digest);
    expect(html).toContain(
      `landfall sign-off crm-rehearsal-3 --report ${seal(whole).digest.slice(0, 16)} --as ines</pre>`,
    );
    expect(html).toMatch(/<bdi>Inés Ångström<\/bdi>\s+may sign/);
    expect(page(unlike)).toContain('A report that is not whole cannot be signed');
    expect(page(unlike)).toMatch(/--as ines --refuse<\/pre>/);
  });

  test('is the same, byte for byte, for the same report', () => {
    expect(page(aReport())).toBe(page(aReport()));
  });

  test('is well-formed, and its tables have captions and scopes', () => {
    for (const report of [aReport(), unlike]) {
      const html = main(page(report));
      expect(XMLValidator.validate(html, { allowBooleanAttributes: true })).toBe(true);
      const data = html.match(/<table role="table">.*?<\/table>/gs) ?? [];
      expect(data.length).toBeGreaterThan(3);
      for (const one of data) expect(one).toMatch(/<caption>.*<th scope="col".*<th scope="row"/s);
    }
  });

  test('needs nothing else and lets nothing run but itself', () => {
    const html = page(unlike);
    const policy =
      /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(html)?.[1]?.replaceAll('&#39;', "'") ?? '';
    const hash = (tag: string): string => {
      const [, inner = ''] = new RegExp(`<${tag}>(.*?)</${tag}>`, 's').exec(html) ?? [];
      return `'sha256-${createHash('sha256').update(inner).digest('base64')}'`;
    };
    expect(policy.split('; ')).toEqual([
      `default-src 'none'`,
      `style-src ${hash('style')}`,
      `script-src ${hash('script')}`,
      `base-uri 'none'`,
      `form-action 'none'`,
    ]);
    expect(html).not.toMatch(/\s(?:src|href|style|on\w+)=/);
    expect(html).not.toMatch(/https?:|url\(|@import/);
  });

  test('shows every row where no script runs: only the search box is hidden', () => {
    expect(page(unlike).match(/<[^>]* hidden[\s>]/g)).toEqual(['<form class="find" role="search" hidden>']);
  });

  test('says how many differences there are where it lists fewer', () => {
    expect(texts(page(unlike), 'caption')).toContain('Fields that differ The first 1 of 15. By field: name in 15.');
  });

  test('folds away the groups that agree where there are many', () => {
    const groups = Array.from({ length: 40 }, (_, i) => ({
      group: { country: `C${i}` },
      source: '1',
      staged: '1',
      moved: '1',
      target: i === 7 ? '2' : '1',
      judgement: i === 7 ? ('unexplained' as const) : ('match' as const),
    }));
    const html = main(page(aReport({ figures: [aFigure({ groups })] })));
    expect(html.indexOf('C7')).toBeLessThan(html.indexOf('39 groups agree'));
    expect(html.indexOf('C8')).toBeGreaterThan(html.indexOf('39 groups agree'));
  });
});

describe('what others wrote', () => {
  const hostile = `"><script>alert('x')</script><img src=x onerror=alert(1)>&amp;\u202e`;

  /** The report with every text in it replaced, but for the words that the schema knows. */
  function poisoned(node: unknown, at = ''): unknown {
    const words = ['mode', 'verdict', 'judgement', 'consistency', 'startedAt', 'endedAt'];
    if (typeof node === 'string') return words.includes(at) ? node : hostile;
    if (Array.isArray(node)) return node.map((one) => poisoned(one, at));
    if (typeof node !== 'object' || node === null) return node;
    return Object.fromEntries(
      Object.entries(node).map(([name, one]) => [at === 'group' ? hostile : name, poisoned(one, name)]),
    );
  }

  test('is never taken for markup, wherever it stands', () => {
    const full = aPart({
      ...differing,
      accounting: { droppedReferences: 1 },
      unexpected: 1,
      duplicates: 1,
      unexpectedKeys: ['u'],
      duplicateKeys: ['d'],
      notCompared: [{ field: 'f', reason: 'r' }],
      refused: [{ rule: 'r', field: 'f', rows: 1, reason: 'x' }],
      blocked: [{ rule: 'r', field: 'f', rows: 1, reason: 'x' }],
      dropped: [{ rule: 'r', field: 'f', rows: 1, reason: 'x' }],
      lists: [{ role: 'x.differences', rows: 1, content: 'c' }],
      attachments: {
        moved: 1,
        bytes: 1,
        differing: 1,
        differences: [{ key: 'k', bytes: 1, actualBytes: null, sha256: 'a', actualSha256: 'b' }],
      },
    });
    const explanation = { by: 'b', why: 'w', until: 'u' };
    const figure = aFigure({
      note: 'n',
      groups: [
        {
          group: { g: 'v' },
          source: '1',
          staged: '2',
          moved: '3',
          target: '4',
          live: '5',
          judgement: 'explained',
          explanation,
        },
      ],
    });
    const report = aReport({ parts: [full], figures: [figure, aFigure({ expected: '1' })], reasons: ['r'] });
    const html = reportPage(poisoned(report) as Report, hostile);
    const [, body = ''] = /<body>(.*)<script>/s.exec(html) ?? [];
    expect(body).not.toMatch(/<script|<img/);
    expect(body).toContain('&lt;script&gt;');
    expect(body.match(/&lt;img/g)?.length).toBeGreaterThan(60);
    expect(XMLValidator.validate(main(html), { allowBooleanAttributes: true })).toBe(true);
    expect(html.slice(0, html.indexOf('<body>'))).not.toMatch(/<img|<script/);
  });

  test('is kept from turning its neighbours around, and what cannot be seen is shown', () => {
    expect(value('عمر').text).toBe('<bdi>عمر</bdi>');
    expect(value('a\u202eb\u00a0').text).toBe(
      '<bdi>a<span class="cp">U+202E</span>b<span class="cp">U+00A0</span></bdi>',
    );
    expect(value(' a b ').text).toBe('<bdi><span class="cp">␣</span>a b<span class="cp">␣</span></bdi>');
    expect(value('👩‍👩‍👧 نوید‌رضا').text).toBe('<bdi>👩‍👩‍👧 نوید‌رضا</bdi>');
  });

  test('is told apart when it is nothing, empty, or withheld', () => {
    expect([value(null), value(''), value('•••')].map((one) => one.text.replace(/<[^>]*>/g, ''))).toEqual([
      'no value',
      'empty text',
      'withheld',
    ]);
  });

  test('is marked where it parts, and spelt out where the eye sees no difference', () => {
    const shown = (meant: string, found: string): string[] => pair(meant, found).map((one) => one.text);
    expect(shown('Müller AG', 'Mueller AG')).toEqual([
      '<bdi>M<mark>ü</mark>ller AG</bdi>',
      '<bdi>M<mark>ue</mark>ller AG</bdi>',
    ]);
    expect(shown('Zo\u00eb', 'Zoe\u0308')).toEqual([
      '<bdi>Zo<mark>\u00eb</mark><span class="cp">U+00EB</span></bdi>',
      '<bdi>Zo<mark>e\u0308</mark><span class="cp">U+0065 U+0308</span></bdi>',
    ]);
    expect(shown('abc', 'abc ')).toEqual(['<bdi>abc</bdi>', '<bdi>abc<mark><span class="cp">␣</span></mark></bdi>']);
    expect(shown('a b c', 'a x c')[0]).toBe('<bdi>a <mark>b</mark> c</bdi>');
    expect(shown(' ', '  ')[1]).toBe('<bdi><span class="cp">␣</span><mark><span class="cp">␣</span></mark></bdi>');
    expect(shown('aa', 'aaa')).toEqual(['<bdi>aa</bdi>', '<bdi>aa<mark>a</mark></bdi>']);
  });
});

describe('its colours', () => {
  /** Relative luminance and contrast as WCAG 2.2 defines them. */
  function luminance(colour: string): number {
    const channel = (i: number): number => {
      const c = Number.parseInt(colour.slice(1 + 2 * i, 3 + 2 * i), 16) / 255;
      return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
    };
    return 0.2126 * channel(0) + 0.7152 * channel(1) + 0.0722 * channel(2);
  }
  const contrast = (a: string, b: string): number => {
    const [dark = 0, light = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y);
    return (light + 0.05) / (dark + 0.05);
  };
  const themes = [...style.matchAll(/:root\{([^}]*)\}/g)].map(([, rules = '']) =>
    Object.fromEntries(
      [...rules.matchAll(/--(\w+):(#\w+)/g)].map(([, name = '', hex = '']) => [
        name,
        hex.length === 4 ? hex.replace(/\w/g, '$&$&') : hex,
      ]),
    ),
  );

  test('have the contrast that WCAG AA asks of text, by day, by night and in print', () => {
    expect(themes.length).toBe(3);
    for (const theme of themes) {
      const ground = [theme['paper'] ?? '', theme['tint'] ?? ''];
      for (const name of ['ink', 'soft', 'ok', 'bad', 'warn']) {
        for (const paper of ground)
          expect(contrast(theme[name] ?? '', paper), `${name} on ${paper}`).toBeGreaterThanOrEqual(4.5);
      }
      expect(contrast(theme['ink'] ?? '', theme['mark'] ?? '')).toBeGreaterThanOrEqual(4.5);
    }
  });
});
