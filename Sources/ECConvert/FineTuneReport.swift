import ECDiagnostics
import ECFineTune
import ECGraph
import ECImage

extension FineTuneOptions.Layers: CustomStringConvertible {
  public var description: String {
    switch self {
    case .head: "head"
    case .last(let count): "last:\(count)"
    case .all: "all"
    }
  }
}

/// What fine-tuning did, for the report and for a person.
struct FineTuneReport {
  let data: LabelledImages
  let brokenCount: Int
  var layer: String?
  var width = 0
  var preprocessing = Preprocessing.none
  var optimizer = FineTuneOptions.Optimizer.lbfgs
  var layers = FineTuneOptions.Layers.head
  var epochs: [EpochFigures] = []
  /// The step that was kept; `nil` if that is the classifier alone.
  var best: Int?
  /// The classifier alone, where more was trained after it.
  var head: EpochFigures?
  var validation: ConfusionMatrix?
  var test: ConfusionMatrix?

  init(_ data: LabelledImages, brokenCount: Int) {
    (self.data, self.brokenCount) = (data, brokenCount)
  }

  /// As the report has it.
  var object: FormatObject {
    var object: FormatObject = [
      "classes": .int(data.classes.count),
      "classNames": .list(data.classes.map { .string($0) }),
      "images": .object([
        "train": .int(data.train.count), "validation": .int(data.validation.count),
        "test": .int(data.test.count), "broken": .int(brokenCount),
      ]),
      "preprocessing": .string(preprocessing.rawValue),
      "features": .int(width),
      "layer": layer.map { .string($0) } ?? .null,
      "trainLayers": .string("\(layers)"),
      "optimizer": .string(optimizer.rawValue),
      "epochs": .list(epochs.map { .object(FineTuneReport.object($0)) }),
      "bestEpoch": best.map { .int($0) } ?? .null,
    ]
    if let head { object["classifierAlone"] = .object(FineTuneReport.object(head)) }
    if let validation { object["validation"] = .object(figures(validation)) }
    if let test { object["test"] = .object(figures(test)) }
    return object
  }

  private static func object(_ epoch: EpochFigures) -> FormatObject {
    var object: FormatObject = [
      "loss": .float(epoch.loss), "accuracy": .float(epoch.accuracy),
    ]
    if let accuracy = epoch.validationAccuracy { object["validationAccuracy"] = .float(accuracy) }
    if let loss = epoch.validationLoss { object["validationLoss"] = .float(loss) }
    return object
  }

  private func figures(_ matrix: ConfusionMatrix) -> FormatObject {
    [
      "accuracy": .float(matrix.accuracy),
      "confusion": .list(matrix.counts.map { .list($0.map { .int($0) }) }),
      "perClass": .list(
        zip(data.classes, matrix.perClass).map { name, figures in
          .object([
            "class": .string(name), "precision": .float(figures.precision),
            "recall": .float(figures.recall), "f1": .float(figures.f1),
            "support": .int(figures.support),
          ])
        }),
    ]
  }

  /// What a person wants to know.
  var lines: [String] {
    var lines = [
      "learnt \(data.classes.count) classes from \(data.train.count) images"
        + (brokenCount == 0 ? "" : " (\(brokenCount) broken ones skipped)")
        + " in \(epochs.count) \(unit)\(epochs.count == 1 ? "" : "s")"
    ]
    lines += epochLines
    if let validation { lines += table("validation", validation) }
    if let test { lines += table("test", test) }
    return lines
  }

  /// What `epochs` counts.
  private var unit: String { optimizer == .lbfgs ? "step" : "epoch" }

  /// At most a dozen steps, evenly spaced, and the one that was kept.
  private var epochLines: [String] {
    let step = max(1, (epochs.count + 10) / 11)
    let shown = epochs.indices.filter {
      $0 % step == 0 || $0 == best || $0 == epochs.count - 1
    }
    return (head.map { [line("the classifier alone", $0, isKept: best == nil)] } ?? [])
      + shown.map { line("\(unit) \($0 + 1)", epochs[$0], isKept: $0 == best) }
  }

  private func line(_ name: String, _ own: EpochFigures, isKept: Bool) -> String {
    "  \(name): loss \(Quantity.short(own.loss)), accuracy \(percent(own.accuracy))"
      + (own.validationAccuracy.map { ", validation \(percent($0))" } ?? "")
      + (own.validationLoss.map { " (loss \(Quantity.short($0)))" } ?? "")
      + (isKept ? " (kept)" : "")
  }

  /// The accuracy, then a line for every class: what its images were taken for.
  private func table(_ name: String, _ matrix: ConfusionMatrix) -> [String] {
    var lines = ["\(name): \(percent(matrix.accuracy)) of \(matrix.total) images are told right"]
    guard data.classes.count <= 20 else { return lines }
    let width = max(9, (data.classes.map(\.count).max() ?? 0) + 2)
    for (k, figures) in matrix.perClass.enumerated() {
      let counts = matrix.counts[k].map { "\($0)".leftPadded(5) }.joined()
      lines.append(
        "  " + data.classes[k].rightPadded(width) + counts + "   precision "
          + percent(figures.precision) + ", recall " + percent(figures.recall))
    }
    return lines
  }

  private func percent(_ share: Double) -> String { "\((share * 1000).rounded() / 10) %" }
}

extension String {
  fileprivate func leftPadded(_ width: Int) -> String {
    String(repeating: " ", count: max(0, width - count)) + self
  }

  fileprivate func rightPadded(_ width: Int) -> String {
    self + String(repeating: " ", count: max(0, width - count))
  }
}
