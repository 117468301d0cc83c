/** Calm, typographic, printable; dark where the reader's system is. */
export const style = `
:root{color-scheme:light dark;--ink:#1c2230;--soft:#5a6374;--line:#d9dde5;--paper:#fff;--tint:#f5f6f9;--ok:#17693f;--bad:#a3201d;--warn:#8a5300;--okbg:#e8f4ed;--badbg:#fbebea;--warnbg:#fdf3e1}
@media (prefers-color-scheme:dark){:root{--ink:#e7eaf0;--soft:#a3acbc;--line:#363d4b;--paper:#151922;--tint:#1d222d;--ok:#7fd3a4;--bad:#ff9c96;--warn:#f0c070;--okbg:#12291d;--badbg:#331a1a;--warnbg:#2e2413}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:76rem;padding:2.5rem 1.5rem 5rem;font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif;color:var(--ink);background:var(--paper)}
h1{font-size:2rem;line-height:1.2;margin:.1em 0 1rem;font-weight:650;letter-spacing:-.01em}
h2{font-size:1.25rem;margin:2.75rem 0 .75rem;font-weight:650}
.kicker{margin:0;color:var(--soft);font-size:.875rem}
.verdict{border-left:6px solid;padding:1rem 1.25rem;border-radius:4px;font-size:1.25rem}
.verdict p{margin:0;font-weight:600}
.verdict.whole{border-color:var(--ok);background:var(--okbg)}
.verdict.differs{border-color:var(--bad);background:var(--badbg)}
.verdict.unverified{border-color:var(--warn);background:var(--warnbg)}
.reasons{margin:.75rem 0 0;padding-left:1.2rem;font-size:1rem}
.tiles{list-style:none;display:grid;grid-template-columns:repeat(auto-fit,minmax(13rem,1fr));gap:1rem;padding:0;margin:1.5rem 0}
.tiles li{background:var(--tint);border-radius:6px;padding:1rem 1.25rem}
.tiles b{display:block;font-size:1.75rem;font-variant-numeric:tabular-nums;font-weight:650}
.tiles span{color:var(--soft);font-size:.9rem}
.sign{border:1px solid var(--line);border-radius:6px;padding:0 1.25rem .75rem}
.sign h2{margin-top:1rem}
.digest,pre{font:14px/1.5 ui-monospace,"SF Mono",Menlo,Consolas,monospace;overflow-wrap:anywhere;white-space:pre-wrap}
pre{background:var(--tint);padding:.75rem 1rem;border-radius:4px;margin:.5rem 0}
.scroll{overflow-x:auto;margin:1rem 0 1.5rem}
table{border-collapse:collapse;width:100%;font-size:.9rem;font-variant-numeric:tabular-nums}
caption{text-align:left;font-weight:600;padding:.25rem 0 .5rem}
caption small{display:block;font-weight:400;color:var(--soft);max-width:60rem}
th,td{padding:.45rem .75rem .45rem 0;text-align:left;vertical-align:top;border-bottom:1px solid var(--line)}
thead th{color:var(--soft);font-weight:500;font-size:.8rem;vertical-align:bottom}
tbody th{font-weight:500}
.n{text-align:right}
td{overflow-wrap:anywhere}
.ok{color:var(--ok)}.bad{color:var(--bad);font-weight:600}.warn{color:var(--warn);font-weight:600}
.none{color:var(--soft)}
details{border-top:1px solid var(--line);padding:.6rem 0}
details:last-of-type{border-bottom:1px solid var(--line)}
summary{cursor:pointer;font-weight:600}
summary span{color:var(--soft);font-weight:400;margin-left:.4rem}
summary:focus-visible{outline:2px solid var(--ok);outline-offset:3px}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.3rem 1.5rem;font-size:.9rem}
dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}
@media (max-width:600px){body{padding:1.25rem 1rem 3rem}h1{font-size:1.5rem}.verdict{font-size:1.1rem}dl{grid-template-columns:1fr}dt{margin-top:.5rem}}
@media print{body{max-width:none;padding:0;font-size:10pt}.scroll{overflow:visible}table{font-size:8pt}section,details,tr{break-inside:avoid}@page{size:A4;margin:15mm}}
`;
