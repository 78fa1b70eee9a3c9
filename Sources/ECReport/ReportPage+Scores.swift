import ECGraph

extension ReportPage {
  /// The groups whose scores are in the report.
  var groupsWithScores: [FormatObject] {
    list(pruning["groups"]).filter { $0["scores"]?.list?.isEmpty == false }
  }

  /// The scores of the channels of a chosen group, drawn by the script; and a table of all groups.
  var scores: String {
    let groups = list(pruning["groups"])
    guard !groups.isEmpty else { return "" }
    let hasGraphs = groups.contains { $0["edges"] != nil }
    return "<h2>Channel groups</h2>\n" + chart + "\n"
      + HTML.table(
        "Channels that can only leave together; the first layer stands for its group",
        ["Group", "Layers", "#Channels", "#Kept"] + (hasGraphs ? ["#Edges", "#Components"] : []),
        groups.map { group in
          let layers = names(group)
          return [
            HTML.escaped(layers.first ?? "group \(group["id"]?.int ?? 0)"),
            "<div class=\"wrap\">\(HTML.escaped(layers.joined(separator: ", ")))</div>",
            "\(group["channels"]?.int ?? 0)", "\(group["kept"]?.list?.count ?? 0)",
          ] + (hasGraphs ? ["edges", "components"].map { number(group[$0]) } : [])
        })
  }

  private func number(_ value: FormatValue?) -> String { value?.int.map { "\($0)" } ?? "" }

  /// The layers that make a group's channels.
  private func names(_ group: FormatObject) -> [String] {
    list(group["members"]).filter { $0["axis"]?.string == "output" }
      .compactMap { $0["layer"]?.string }
  }

  private var chart: String {
    guard !groupsWithScores.isEmpty else { return "" }
    let data = groupsWithScores.map { group -> FormatValue in
      .object([
        "name": .string(names(group).first ?? "group \(group["id"]?.int ?? 0)"),
        "kept": group["kept"] ?? .list([]), "scores": group["scores"] ?? .list([]),
      ])
    }
    // A '<' could end the script early.
    let json = FormatValue.list(data).json().replacing("<", with: "\\u003c")
    let options = groupsWithScores.enumerated().map { k, group in
      "<option value=\"\(k)\">\(HTML.escaped(names(group).first ?? "group \(k)"))</option>"
    }
    return """
      <p>Each channel is a node of a graph whose edges are similarities; its score says how central \
      it is. Filled bars stay, outlined ones left.</p>
      <div class="tools">
      <span><label for="group">Scores of</label>
      <select id="group">\(options.joined())</select></span>
      <span><label for="order">in the order of</label>
      <select id="order"><option value="channel">channels</option><option value="score">scores\
      </option></select></span>
      <span><label for="scale">drawn</label>
      <select id="scale"><option value="linear">as they are</option><option value="log">\
      by powers of ten</option></select></span>
      </div>
      <figure style="margin:.75rem 0 1.5rem">
      <svg id="chart" viewBox="0 0 960 260" role="img" aria-labelledby="chart-words"></svg>
      <figcaption id="chart-words" class="quiet" aria-live="polite"></figcaption>
      </figure>
      <noscript><p>The chart needs scripts; the numbers are in the report's JSON.</p></noscript>
      <script type="application/json" id="scores">\(json)</script>
      """
  }

  /// Draws the chosen scores.
  static let script = """
    "use strict";
    const groups = JSON.parse(document.getElementById("scores").textContent);
    const chart = document.getElementById("chart"), words = document.getElementById("chart-words");
    const chosen = document.getElementById("group"), order = document.getElementById("order");
    const scale = document.getElementById("scale");
    const element = (name, attributes, text) => {
      const node = document.createElementNS("http://www.w3.org/2000/svg", name);
      for (const key in attributes) node.setAttribute(key, attributes[key]);
      if (text !== undefined) node.textContent = text;
      chart.append(node);
    };
    const draw = () => {
      const group = groups[chosen.value], kept = new Set(group.kept), scores = group.scores;
      const places = scores.map((_, k) => k);
      if (order.value === "score") places.sort((a, b) => scores[b] - scores[a] || a - b);
      const most = Math.max(...scores.map(Math.abs)) || 1;
      // Powers of ten below the smallest score that isn't zero are of no interest.
      const least = Math.min(...scores.map(Math.abs).filter((s) => s > 0), most) / 2;
      const share = (score) => scale.value === "linear" ? Math.abs(score) / most
        : Math.abs(score) > 0 ? Math.log(Math.abs(score) / least) / Math.log(most / least) : 0;
      const left = 64, top = 10, width = 880, height = 215, step = width / scores.length;
      chart.replaceChildren();
      const paths = {kept: "", gone: ""};
      places.forEach((channel, k) => {
        const size = Math.max(0.5, share(scores[channel]) * height);
        const wide = Math.max(0.4, step > 4 ? step - 1.5 : step * 0.8);
        paths[kept.has(channel) ? "kept" : "gone"] +=
          `M${(left + k * step).toFixed(2)} ${top + height}v${(-size).toFixed(2)}h${wide.toFixed(2)}`
          + `v${size.toFixed(2)}z`;
      });
      element("line", {x1: left, x2: left + width, y1: top + height, y2: top + height, class: "axis"});
      element("text", {x: left - 6, y: top + 10, "text-anchor": "end"}, most.toPrecision(3));
      element("text", {x: left - 6, y: top + height, "text-anchor": "end"},
        scale.value === "linear" ? "0" : least.toPrecision(1));
      element("text", {x: left, y: top + height + 20},
        order.value === "score" ? "largest score" : "channel 0");
      element("text", {x: left + width, y: top + height + 20, "text-anchor": "end"},
        order.value === "score" ? "smallest score" : `channel ${scores.length - 1}`);
      element("path", {d: paths.gone, class: "gone"});
      element("path", {d: paths.kept, class: "kept"});
      words.textContent = `${group.name}: ${scores.length} channels, ${kept.size} kept; scores from `
        + `${Math.min(...scores).toPrecision(3)} to ${Math.max(...scores).toPrecision(3)}.`;
    };
    chosen.addEventListener("change", draw);
    order.addEventListener("change", draw);
    scale.addEventListener("change", draw);
    draw();
    """
}
