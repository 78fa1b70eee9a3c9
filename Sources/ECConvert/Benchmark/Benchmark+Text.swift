import ECGraph

extension Benchmark {
  /// A table for people, in 80 columns, and the ratios below it.
  public var lines: [String] {
    let runs = entries.first?.times.wall.count ?? 0
    var lines = [
      "batch \(batch), \(threads) \(threads == 1 ? "thread" : "threads"), \(runs) runs in turn, "
        + "load average \(Self.fixed(loadAverage, 1))",
      Self.row("model", "engine", ["median", "p95", "CPU", "images/s", "memory"]),
    ]
    for entry in entries {
      let wall = entry.times.wall
      let median = wall.quantile(0.5)
      lines.append(
        Self.row(
          OutputFile.name(of: entry.model), entry.engineName,
          [
            Self.milliseconds(median), Self.milliseconds(wall.quantile(0.95)),
            Self.milliseconds(entry.times.cpu.quantile(0.5)),
            Self.fixed(Double(batch) / median, 1),
            Self.fixed(Double(entry.modelByteCount) / 1e6, 0) + " MB",
          ]))
    }
    return lines + ratios.map(\.sentence)
  }

  /// A comparison of two entries: how much of the reference's time the subject takes.
  struct Ratio {
    let subject: Entry
    let reference: Entry
    let name: String
    let wall: Double
    let cpu: Double
    let memory: Double

    init(_ subject: Entry, _ reference: Entry, _ name: String) {
      (self.subject, self.reference, self.name) = (subject, reference, name)
      wall = subject.times.ratio(to: reference.times, \.wall)
      cpu = subject.times.ratio(to: reference.times, \.cpu)
      memory = Double(subject.modelByteCount) / Double(max(reference.modelByteCount, 1))
    }

    var sentence: String {
      "\(name): \(Benchmark.fixed(wall, 2)) x time, \(Benchmark.fixed(cpu, 2)) x CPU, "
        + "\(Benchmark.fixed(memory, 2)) x memory"
    }
  }

  /// This engine against the others, then the model against the baseline in each engine.
  var ratios: [Ratio] {
    var ratios: [Ratio] = []
    for isBaseline in [false, true] {
      let side = entries.filter { $0.isBaseline == isBaseline }
      guard let ours = side.first(where: { $0.engineName == "ecconvert" }) else { continue }
      for other in side where other.engineName != ours.engineName {
        let suffix = isBaseline ? ", baseline" : ""
        ratios.append(Ratio(ours, other, "ecconvert / \(other.engineName)\(suffix)"))
      }
    }
    for entry in entries where !entry.isBaseline {
      for base in entries where base.isBaseline && base.engineName == entry.engineName {
        ratios.append(Ratio(entry, base, "model / baseline in \(entry.engineName)"))
      }
    }
    return ratios
  }

  /// All figures as JSON; seconds and bytes.
  public func json() -> String {
    FormatValue.object([
      "schemaVersion": .int(1), "batch": .int(batch), "threads": .int(threads),
      "loadAverage": .float(loadAverage),
      "entries": .list(
        entries.map { entry in
          .object([
            "model": .string(entry.model), "baseline": .bool(entry.isBaseline),
            "engine": .string(entry.engine), "runs": .int(entry.times.wall.count),
            "latency": Self.spread(entry.times.wall), "cpu": Self.spread(entry.times.cpu),
            "imagesPerSecond": .float(Double(batch) / entry.times.wall.quantile(0.5)),
            "peakResidentBytes": .int(entry.peakByteCount),
            "modelBytes": .int(entry.modelByteCount),
          ])
        }),
      "ratios": .list(
        ratios.map {
          .object([
            "name": .string($0.name), "latency": .float($0.wall), "cpu": .float($0.cpu),
            "memory": .float($0.memory),
          ])
        }),
      "warnings": .list(warnings.map { .string($0) }),
    ]).json(indent: 1)
  }

  private static func spread(_ values: [Double]) -> FormatValue {
    .object([
      "minimum": .float(values.min() ?? 0), "median": .float(values.quantile(0.5)),
      "p95": .float(values.quantile(0.95)),
    ])
  }

  // MARK: Columns

  private static func row(_ model: String, _ engine: String, _ figures: [String]) -> String {
    let name = model.count > 21 ? "…" + model.suffix(20) : model
    let words = Self.padded(name, 22) + Self.padded(engine, 12)
    return figures.reduce(words) { $0 + String(repeating: " ", count: max(1, 9 - $1.count)) + $1 }
  }

  private static func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
  }

  private static func milliseconds(_ seconds: Double) -> String {
    fixed(seconds * 1e3, seconds < 0.1 ? 2 : 0) + " ms"
  }

  /// A number with a fixed count of decimals.
  static func fixed(_ value: Double, _ decimals: Int) -> String {
    guard value.isFinite, value.magnitude < 1e15 else { return "\(value)" }
    var scale = 1
    for _ in 0..<decimals { scale *= 10 }
    let whole = Int((value * Double(scale)).rounded())
    guard decimals > 0 else { return "\(whole)" }
    let fraction = "\(abs(whole) % scale)"
    let zeros = String(repeating: "0", count: decimals - fraction.count)
    return "\(whole < 0 ? "-" : "")\(abs(whole) / scale).\(zeros)\(fraction)"
  }
}
