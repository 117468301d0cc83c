/** Calm, typographic, printable; dark where the reader’s system is. Text on its ground has a contrast of at least 4.5. */
export const style = `
:root{color-scheme:light dark;--ink:#1d2129;--soft:#59606e;--line:#dcdfe5;--paper:#fdfdfc;--tint:#f4f4f1;--ok:#1c6b43;--bad:#a8261f;--warn:#7d5400;--mark:#fbe3a6;--held:#c08a1e;--left:#9aa1ad;--accent:#1f4f8f}
@media (prefers-color-scheme:dark){:root{--ink:#e8e9ec;--soft:#a4abb8;--line:#343a45;--paper:#14171c;--tint:#1c2027;--ok:#78cfa0;--bad:#ff9d94;--warn:#ecbd6d;--mark:#5b4712;--held:#c2933a;--left:#5f6775;--accent:#8cb8f2}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:64rem;padding:3rem 1.5rem 4rem;font:1rem/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","DejaVu Sans",sans-serif;color:var(--ink);background:var(--paper);overflow-wrap:break-word}
h1,h2{font-family:"Iowan Old Style","Palatino Linotype",Palatino,"TeX Gyre Pagella",Georgia,"Noto Serif",serif;font-weight:600;text-wrap:balance}
h1{font-size:clamp(1.5rem,1.1rem + 2vw,2.25rem);line-height:1.25;margin:.4rem 0 1rem;max-width:28em}
h2{font-size:1.375rem;margin:3.5rem 0 .5rem}
h3{font-size:1rem;margin:2rem 0 .5rem}
h4{font-size:.9rem;margin:1.25rem 0 .25rem}
small,.soft{color:var(--soft);font-size:.875em}
.soft{max-width:44rem;margin:.25rem 0 1rem}
header{border-top:.375rem solid;padding-top:1.5rem}
header.whole,.whole .verdict{border-color:var(--ok);color:var(--ok)}
header.differs,.differs .verdict{border-color:var(--bad);color:var(--bad)}
header.unverified,.unverified .verdict{border-color:var(--warn);color:var(--warn)}
header>*{color:var(--ink)}
.kicker{margin:0 0 2rem;color:var(--soft);font-size:.9rem}
.kicker b{display:block;color:var(--ink);font-size:1rem}
.verdict{margin:0;font-weight:600;letter-spacing:.02em}
header ul{padding-left:1.15rem;margin:.5rem 0}
header li{margin:.15rem 0}
.bar{margin:1.75rem 0 0}
.bar svg{display:block;width:100%;height:.625rem;border-radius:.2rem}
.bar ul{list-style:none;padding:0;margin:.6rem 0 0;display:flex;flex-wrap:wrap;gap:.25rem 1.75rem;font-size:.9rem;color:var(--soft)}
.bar b{color:var(--ink);font-variant-numeric:tabular-nums}
.bar li::before{content:"";display:inline-block;width:.65em;height:.65em;border-radius:.15em;margin-right:.45em;background:var(--ok)}
.bar li.held::before{background:var(--held)}.bar li.left::before{background:var(--left)}
rect.arrived{fill:var(--ok)}rect.held{fill:var(--held)}rect.left{fill:var(--left)}
.sign{margin-top:2.5rem;padding:1.25rem 1.5rem 1rem;background:var(--tint);border-radius:.4rem}
.sign h2{margin-top:0}
.sign p{margin:.4rem 0;max-width:46rem}
code,pre{font:.85em/1.5 ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace;overflow-wrap:anywhere}
pre{white-space:pre-wrap;margin:.75rem 0;padding:.6rem .8rem;border:1px solid var(--line);border-radius:.3rem;background:var(--paper)}
.blank{display:none}
.find{position:sticky;top:0;z-index:1;margin-top:2rem;padding:.75rem 0;background:var(--paper);border-bottom:1px solid var(--line);display:flex;flex-wrap:wrap;align-items:center;gap:.35rem .9rem}
.find[hidden]{display:none}
.find label{font-size:.9rem;color:var(--soft)}
.find input{flex:1 1 14rem;font:inherit;padding:.35rem .6rem;color:inherit;background:var(--paper);border:1px solid var(--soft);border-radius:.3rem}
.find output{font-size:.9rem;color:var(--soft);min-width:8em}
.scroll{overflow-x:auto;margin:1.25rem 0 2rem}
table{border-collapse:collapse;width:100%;font-size:.9rem;line-height:1.45;font-variant-numeric:tabular-nums lining-nums}
caption{text-align:left;font-weight:600;font-size:1rem;padding:0 0 .5rem}
caption small{font-weight:400}caption small:first-of-type:not(:only-child){display:inline}
caption small:nth-of-type(n+2),td small{display:block}
th,td{padding:.4rem 1.1rem .4rem 0;text-align:left;vertical-align:top;border-bottom:1px solid var(--line);overflow-wrap:anywhere;min-width:4.5rem}
th:last-child,td:last-child{padding-right:0}
thead th{color:var(--soft);font-weight:500;font-size:.9em;vertical-align:bottom;border-bottom-color:var(--soft);overflow-wrap:normal}
tbody th{font-weight:500;min-width:7.5rem;overflow-wrap:break-word}
.n{text-align:right;white-space:nowrap}
.n:first-child{text-align:left}
.ok,.bad,.warn{font-weight:500}
td .ok,td .bad,td .warn{white-space:nowrap}
.ok{color:var(--ok)}.bad{color:var(--bad)}.warn{color:var(--warn)}
.none{color:var(--soft)}
mark{color:inherit;background:var(--mark);border-radius:.15em;padding:0 .1em}
.cp{font:.75em ui-monospace,Menlo,Consolas,"DejaVu Sans Mono",monospace;color:var(--soft);border:1px solid var(--line);border-radius:.2em;padding:0 .25em;margin:0 .15em;white-space:normal}
details{border-top:1px solid var(--line);padding:.7rem 0}
section>details:last-of-type{border-bottom:1px solid var(--line)}
summary{cursor:pointer;padding:.15rem 0}
summary h3{display:inline;margin:0}
summary span{color:var(--soft);margin-left:.5rem;font-size:.9rem}
:focus-visible{outline:.15rem solid var(--accent);outline-offset:.15rem;border-radius:.15rem}
.keys ul{list-style:none;padding:0;margin:.25rem 0;display:flex;flex-wrap:wrap;gap:.2rem 1.25rem;font-size:.9rem}
dl{display:grid;grid-template-columns:minmax(7rem,max-content) 1fr;gap:.35rem 1.75rem;font-size:.9rem;margin:1rem 0 2rem}
dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere;min-width:0}
dd ul{margin:.35rem 0;padding-left:1.1rem}dd p{margin:.5rem 0 0}
footer{margin-top:4rem;padding-top:1rem;border-top:1px solid var(--line);color:var(--soft);font-size:.85rem}
[hidden]{display:none}
@media (max-width:38rem){body{padding:1.5rem 1rem 3rem}.kicker{margin-bottom:1.25rem}.sign{margin-left:-.25rem;margin-right:-.25rem;padding:1rem}h2{margin-top:2.5rem}dl{grid-template-columns:1fr;gap:0}dd{margin-bottom:.7rem}
.scroll{overflow:visible}table,caption,tbody,tr,th,td{display:block}thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
tr{padding:.5rem 0;border-bottom:1px solid var(--line)}tr[hidden]{display:none}
th,td,.n{border:0;padding:.1rem 0;min-width:0;text-align:left;white-space:normal}
td[data-head]{display:grid;grid-template-columns:6.5rem 1fr;gap:.75rem}td[data-head]::before{content:attr(data-head);color:var(--soft);font-size:.8125rem}
td[data-head]>*{grid-column:2}td:not([data-head]){display:none}td .ok,td .bad,td .warn{white-space:normal}
}
@media print{
@page{size:A4;margin:18mm 16mm 20mm;@bottom-right{content:counter(page) " / " counter(pages);font:8pt sans-serif;color:#555}}
:root{color-scheme:light;--ink:#000;--soft:#444;--line:#bbb;--paper:#fff;--tint:#fff;--ok:#14532f;--bad:#8d1812;--warn:#6b4700;--mark:#f3e2b4;--held:#b07a10;--left:#8b93a0}
body{max-width:none;padding:0;font-size:9.5pt}
.find{display:none}
.scroll{overflow:visible;margin:.6rem 0 1rem}
table{font-size:8pt}
caption{font-size:9.5pt}
th,td{padding:.2rem .6rem .2rem 0;min-width:0}
h2{margin-top:1.6rem}h2,h3,h4,caption,summary{break-after:avoid}
tr,.sign,.bar,dd,.short{break-inside:avoid}
thead{display:table-header-group}
details::details-content{display:block;content-visibility:visible;block-size:auto}
summary{list-style:none}
.sign{border:1px solid var(--line)}
.sign .blank{display:grid;grid-template-columns:repeat(3,1fr);gap:1.5rem;margin-top:4rem;max-width:none}
.blank span{border-top:1px solid var(--ink);color:var(--soft);padding-top:.2rem;font-size:8pt}
.rect,.bar li::before,mark{print-color-adjust:exact;-webkit-print-color-adjust:exact}
footer{margin-top:1.5rem}
}
`;
