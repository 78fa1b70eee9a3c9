/// How often images of every class were taken for which class.
public struct ConfusionMatrix: Sendable, Equatable {
  /// `counts[truth][found]`.
  public private(set) var counts: [[Int]]

  /// Makes an empty matrix.
  public init(classCount: Int) {
    counts = [[Int]](
      repeating: [Int](repeating: 0, count: classCount), count: classCount)
  }

  /// Counts predictions.
  public init(labels: [Int], predictions: [Int], classCount: Int) {
    self.init(classCount: classCount)
    for (label, found) in zip(labels, predictions) { counts[label][found] += 1 }
  }

  /// The number of images.
  public var total: Int { counts.joined().reduce(0, +) }

  /// The share of images that were taken for what they are; 0 without images.
  public var accuracy: Double {
    let right = counts.indices.reduce(0) { $0 + counts[$1][$1] }
    return total == 0 ? 0 : Double(right) / Double(total)
  }

  /// What is known of one class.
  public struct ClassFigures: Sendable, Equatable {
    /// The share of what was taken for this class that is of it; 0 where nothing was.
    public let precision: Double
    /// The share of this class that was found; 0 where there is none.
    public let recall: Double
    /// The number of images of this class.
    public let support: Int

    /// The harmonic mean of precision and recall.
    public var f1: Double {
      precision + recall == 0 ? 0 : 2 * precision * recall / (precision + recall)
    }
  }

  /// The figures of every class.
  public var perClass: [ClassFigures] {
    counts.indices.map { k in
      let right = Double(counts[k][k])
      let found = counts.reduce(0) { $0 + $1[k] }
      let support = counts[k].reduce(0, +)
      return ClassFigures(
        precision: found == 0 ? 0 : right / Double(found),
        recall: support == 0 ? 0 : right / Double(support), support: support)
    }
  }
}
