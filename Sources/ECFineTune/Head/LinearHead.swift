import ECBLAS
import ECDiagnostics

/// Rows of features with their labels.
public struct LabelledFeatures: Sendable {
  /// `[n, width]`.
  public let rows: [Float]
  /// The number of features.
  public let width: Int
  /// The class of every row.
  public let labels: [Int]

  /// Joins features and labels.
  /// - Precondition: there are `width` features for every label.
  public init(rows: [Float], width: Int, labels: [Int]) {
    precondition(rows.count == width * labels.count)
    (self.rows, self.width, self.labels) = (rows, width, labels)
  }

  /// The number of rows.
  public var count: Int { labels.count }
}

/// A linear classifier on features.
public struct LinearHead: Sendable, Equatable {
  /// `[classes, width]`.
  public var kernel: [Float]
  /// `[classes]`.
  public var bias: [Float]

  /// Makes a classifier.
  public init(kernel: [Float], bias: [Float]) {
    (self.kernel, self.bias) = (kernel, bias)
  }

  /// The class of the highest score for every row; of equal ones the first.
  public func predictions(_ features: LabelledFeatures) throws(FineTuneError) -> [Int] {
    let scores: [Float]
    do throws(BLASError) {
      scores = try MatrixMultiply.product(
        features.rows, kernel, transposeB: true, rows: features.count, columns: bias.count,
        depth: features.width)
    } catch {
      throw FineTuneError(.numbers(error.what))
    }
    return (0..<features.count).map { i in
      var best = 0
      for c in bias.indices
      where scores[i * bias.count + c] + bias[c] > scores[i * bias.count + best] + bias[best] {
        best = c
      }
      return best
    }
  }
}

/// What one step through the data came to.
public struct EpochFigures: Sendable, Equatable {
  /// The mean loss on what is learnt from, with weight decay.
  public let loss: Double
  /// The accuracy on what is learnt from.
  public let accuracy: Double
  /// The accuracy on the validation images, if there are any.
  public let validationAccuracy: Double?
  /// The mean loss on the validation images, where it was computed.
  public var validationLoss: Double?

  /// Notes figures.
  public init(loss: Double, accuracy: Double, validationAccuracy: Double?) {
    (self.loss, self.accuracy) = (loss, accuracy)
    self.validationAccuracy = validationAccuracy
  }
}
