/// Brings features to mean 0 and, all in all, to variance 1, so that weight decay means the same for
/// every network.
///
/// One number scales all of them: the geometry that the network has made stays.
package struct FeatureScaling {
  package let means: [Double]
  package let scale: Double

  package init(_ features: LabelledFeatures) {
    let (count, width) = (features.count, features.width)
    var sums = [Double](repeating: 0, count: width)
    var squares = 0.0
    features.rows.withUnsafeBufferPointer { rows in
      for i in 0..<count {
        for k in 0..<width { sums[k] += Double(rows[i * width + k]) }
      }
      let means = sums.map { $0 / Double(max(count, 1)) }
      for i in 0..<count {
        for k in 0..<width {
          let difference = Double(rows[i * width + k]) - means[k]
          squares += difference * difference
        }
      }
    }
    means = sums.map { $0 / Double(max(count, 1)) }
    let variance = squares / Double(max(count * width, 1))
    scale = variance > 0 ? variance.squareRoot() : 1
  }

  /// The features, scaled.
  package func apply(_ features: LabelledFeatures) -> [Double] {
    let width = features.width
    return [Double](unsafeUninitializedCapacity: features.rows.count) { target, count in
      features.rows.withUnsafeBufferPointer { rows in
        for i in 0..<features.count {
          for k in 0..<width {
            target[i * width + k] = (Double(rows[i * width + k]) - means[k]) / scale
          }
        }
      }
      count = features.rows.count
    }
  }

  /// The classifier on features as they are that equals one on scaled features.
  package func unscaled(_ parameters: [Double], classCount: Int) -> LinearHead {
    let width = means.count
    var kernel = [Float](repeating: 0, count: classCount * width)
    var bias = [Float](repeating: 0, count: classCount)
    for c in 0..<classCount {
      var shift = parameters[classCount * width + c]
      for k in 0..<width {
        let weight = parameters[c * width + k] / scale
        kernel[c * width + k] = Float(weight)
        shift -= weight * means[k]
      }
      bias[c] = Float(shift)
    }
    return LinearHead(kernel: kernel, bias: bias)
  }
}
