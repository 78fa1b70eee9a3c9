extension HTML {
  /// The look of all pages: light and dark, on phones and on paper. Colours of text have a contrast
  /// of at least 4.5 to 1 with what is behind them.
  static let style = """
    :root { color-scheme: light dark; --text: #1b1f24; --quiet: #535a63; --back: #ffffff;
      --panel: #f4f6f8; --line: #d3d8de; --link: #0a58a8; --kept: #0a6ab0; --gone: #8a929b;
      --good: #15643a; --bad: #a3191f; --warn: #7a4a00; }
    @media (prefers-color-scheme: dark) {
      :root { --text: #e7eaed; --quiet: #a9b1ba; --back: #14171a; --panel: #1d2226; --line: #39414a;
        --link: #8cc4ff; --kept: #6ab8ff; --gone: #7b858f; --good: #72d39d; --bad: #ff9f9c;
        --warn: #f0b95b; }
    }
    * { box-sizing: border-box; }
    body { margin: 0; font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", sans-serif;
      color: var(--text); background: var(--back); }
    main { max-width: 72rem; margin: 0 auto; padding: 1.25rem 1rem 3rem; }
    h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .25rem; overflow-wrap: anywhere; }
    h2 { font-size: 1.2rem; margin: 2.25rem 0 .75rem; }
    p { margin: .5rem 0; max-width: 48rem; }
    a { color: var(--link); }
    :focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
    code, pre, .mono { font-family: ui-monospace, SFMono-Regular, Menlo, monospace; font-size: .9em; }
    pre { background: var(--panel); border: 1px solid var(--line); border-radius: .4rem;
      padding: .75rem; overflow-x: auto; }
    .quiet { color: var(--quiet); }
    .good { color: var(--good); } .bad { color: var(--bad); } .warn { color: var(--warn); }
    .cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(13rem, 1fr)); gap: .75rem;
      margin: 1.25rem 0; padding: 0; list-style: none; }
    .cards li { background: var(--panel); border: 1px solid var(--line); border-radius: .5rem;
      padding: .8rem 1rem; }
    .cards strong { display: block; font-size: 1.7rem; line-height: 1.2; }
    .bar { display: block; height: .5rem; border-radius: .25rem; background: var(--line);
      margin-top: .4rem; overflow: hidden; }
    .bar > span { display: block; height: 100%; background: var(--kept); }
    td .bar { width: 6rem; margin: .3rem 0 0 auto; height: .35rem; }
    .scroll { overflow-x: auto; container-type: inline-size; margin-top: .8rem; }
    table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
    caption { text-align: left; color: var(--quiet); padding-bottom: .5rem; }
    caption span { display: block; position: sticky; left: 0; width: fit-content; max-width: 100cqw; }
    th, td { text-align: left; vertical-align: top; padding: .35rem .75rem .35rem 0;
      border-bottom: 1px solid var(--line); }
    thead th { border-bottom-width: 2px; white-space: nowrap; }
    th[scope="row"] { font-weight: 500; overflow-wrap: anywhere; min-width: 9rem; }
    .number { text-align: right; white-space: nowrap; }
    .wrap { overflow-wrap: anywhere; min-width: 14rem; }
    label { font-weight: 500; }
    select, button { font: inherit; color: inherit; background: var(--panel);
      border: 1px solid var(--gone); border-radius: .35rem; padding: .3rem .5rem; max-width: 100%; }
    .tools { display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: center; }
    svg { display: block; width: 100%; height: auto; }
    svg text { fill: var(--quiet); font-size: 12px; }
    svg .axis { stroke: var(--line); } svg .kept { fill: var(--kept); } svg .gone { fill: none;
      stroke: var(--gone); }
    svg .a { stroke: var(--kept); fill: none; stroke-width: 2; }
    svg .b { stroke: var(--warn); fill: none; stroke-width: 2; stroke-dasharray: 6 4; }
    dl { display: grid; grid-template-columns: minmax(8rem, max-content) 1fr; gap: .25rem 1rem;
      margin: 0; }
    dt { color: var(--quiet); } dd { margin: 0; overflow-wrap: anywhere; }
    @media (max-width: 30rem) {
      dl { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: .5rem; }
      main { padding: 1rem .75rem 2rem; } h1 { font-size: 1.35rem; }
    }
    @media print {
      :root { --text: #000; --back: #fff; --quiet: #333; }
      .scroll { overflow: visible; } .tools { display: none; } h2 { break-after: avoid; }
      tr { break-inside: avoid; }
    }
    """
}
