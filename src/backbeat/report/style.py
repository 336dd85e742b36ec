"""The look of the page: light and dark, for a phone, a desk and a printer, with colours that the colour-blind can tell.

Colours are those of Okabe & Ito; nothing is said by colour alone.
"""

STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --soft: #57606a; --paper: #fff; --card: #f6f8fa; --rule: #d8dee4;
  --line: #0072b2; --mark: #d55e00; --good: #00795a; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --soft: #9aa5b1; --paper: #0d1117; --card: #161b22;
  --rule: #30363d; --line: #56b4e9; --mark: #f0a030; --good: #3ecf9e; } }
* { box-sizing: border-box; }
body { font: 17px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif; color: var(--ink); background: var(--paper);
  max-width: 46rem; margin: 0 auto; padding: 1rem; overflow-wrap: break-word; }
h1 { font-size: 1.6rem; line-height: 1.2; margin: .5rem 0; }
h2 { font-size: 1.2rem; margin: 2.2rem 0 .6rem; border-top: 1px solid var(--rule); padding-top: 1.2rem; }
h3 { font-size: 1rem; margin: 1.2rem 0 .3rem; }
p { margin: .5rem 0; }
.lead p { font-size: 1.08rem; }
.soft, .unit, figcaption .unit, small { color: var(--soft); }
.label { display: inline-block; border: 1px solid var(--mark); color: var(--ink); border-radius: 4px;
  padding: 0 .45rem; font-size: .85rem; }
.tiles { display: grid; grid-template-columns: repeat(auto-fill, minmax(8.5rem, 1fr)); gap: .6rem; margin: 1rem 0;
  padding: 0; list-style: none; }
.tiles li { background: var(--card); border-radius: 8px; padding: .55rem .7rem; }
.tiles b { display: block; font-size: 1.25rem; font-variant-numeric: tabular-nums; }
.tiles span { color: var(--soft); font-size: .85rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; }
caption { text-align: left; color: var(--soft); padding-bottom: .3rem; }
th, td { text-align: left; vertical-align: top; padding: .35rem .5rem; border-bottom: 1px solid var(--rule); }
thead th { font-weight: 600; }
tbody th { font-weight: 500; }
tbody th { min-width: 7.5rem; }
td.n, th.n { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
figure { margin: .8rem 0; }
figcaption { font-weight: 600; font-size: .95rem; }
svg { display: block; width: 100%; height: auto; }
svg text { font: 12px system-ui, sans-serif; fill: var(--soft); }
.grid { stroke: var(--rule); stroke-width: .7; }
.zero { stroke: var(--soft); stroke-width: 1; stroke-dasharray: 3 3; }
.line { fill: none; stroke: var(--line); stroke-width: 2; stroke-linejoin: round; }
.dot { fill: var(--line); }
.range { stroke: var(--line); stroke-width: 5; fill: var(--line); opacity: .45; }
.track { fill: var(--rule); }
.value { stroke: var(--ink); stroke-width: 3; }
.mark line { stroke: var(--mark); stroke-width: 1; stroke-dasharray: 2 3; }
.mark path { fill: var(--mark); }
.mark text { fill: var(--paper); font-size: 9px; font-weight: 700; }
.interval { width: 9rem; } .gauge { max-width: 22rem; }
details { margin: .5rem 0; } summary { cursor: pointer; color: var(--line); padding: .25rem 0; }
.card { background: var(--card); border-radius: 8px; padding: .7rem .9rem; margin: .7rem 0; }
.warning { border-left: 4px solid var(--mark); }
.card h3 { margin-top: 0; }
.card dl { margin: 0; } .card dt { color: var(--soft); font-size: .85rem; margin-top: .35rem; } .card dd { margin: 0; }
a { color: var(--line); }
@media (max-width: 30rem) { .interval { width: 6rem; } th, td { padding: .3rem .25rem; }
  table { font-size: .84rem; } tbody th { min-width: 5.5rem; } td.n, th.n { white-space: normal; }
  svg text { font-size: 17px; }
  .mark text { font-size: 10px; } }
@media print { body { max-width: none; font-size: 11pt; } details > *, details::details-content { display: block;
  content-visibility: visible; } figure, .card, tr { break-inside: avoid; } h2 { break-after: avoid; } }
"""
