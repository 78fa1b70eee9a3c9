import Glibc

/// What the scores of a batch are compared with.
public struct LossTargets: Sendable, Equatable {
  /// What each class counts; all 1 where nil.
  public var classWeights: [Double]?
  /// The share of the target that is spread evenly over all classes.
  public var labelSmoothing = 0.0
  /// A teacher's part in the loss.
  public var distillation: Distillation?

  /// The divergence from a teacher's scores, both divided by a temperature.
  public struct Distillation: Sendable, Equatable {
    /// What scores are divided by; above 1 the classes that are not the first count more.
    public var temperature: Double
    /// The teacher's share of the loss; the labels have the rest.
    public var share: Double

    /// Makes a teacher's part.
    public init(temperature: Double = 4, share: Double = 0.5) {
      (self.temperature, self.share) = (temperature, share)
    }
  }

  /// The plain mean cross entropy.
  public init() {}

  /// Rows `[n, classes]` whose product with the negative logarithms of the softmax is the loss.
  ///
  /// With weights of classes the mean is one over those weights. Source: PyTorch's CrossEntropyLoss.
  func hard(_ labels: [Int], classCount: Int) -> [Float] {
    let weights = classWeights ?? [Double](repeating: 1, count: classCount)
    let total = labels.reduce(0) { $0 + weights[$1] }
    let share = 1 - (distillation?.share ?? 0)
    var rows = [Float](repeating: 0, count: labels.count * classCount)
    for (n, label) in labels.enumerated() {
      for c in 0..<classCount {
        let target = (c == label ? 1 - labelSmoothing : 0) + labelSmoothing / Double(classCount)
        rows[n * classCount + c] = total == 0 ? 0 : Float(share * target * weights[c] / total)
      }
    }
    return rows
  }

  /// The teacher's rows, and what has to be added to the loss to make it a divergence.
  func soft(
    _ logits: [Float], classCount: Int, _ distillation: Distillation
  ) -> (rows: [Float], entropy: Double) {
    let count = logits.count / max(classCount, 1)
    let temperature = distillation.temperature
    let factor = distillation.share * temperature * temperature / Double(max(count, 1))
    var (rows, entropy) = ([Float](repeating: 0, count: logits.count), 0.0)
    for n in 0..<count {
      let range = n * classCount..<(n + 1) * classCount
      let cooled = logits[range].map { Double($0) / temperature }
      let largest = cooled.max() ?? 0
      let sum = cooled.reduce(0) { $0 + exp($1 - largest) }
      for (c, score) in cooled.enumerated() {
        let logarithm = score - largest - log(sum)
        rows[range.lowerBound + c] = Float(factor * exp(logarithm))
        entropy += factor * exp(logarithm) * logarithm
      }
    }
    return (rows, entropy)
  }
}
