package import ECBLAS
import Glibc

/// The loss of a linear classifier: cross entropy, a teacher's if there is one, and weight decay.
///
/// With rows `x[n, d]`, parameters `W[c, d]` and `b[c]`, scores `z = x·Wᵀ + b`:
///
///     Σ w_i ((1 - a)·CE(y_i, softmax z_i) + a·T²·CE(softmax(t_i / T), softmax(z_i / T))) / Σ w_i
///     + decay / 2 · ‖W‖²
///
/// It is convex; with decay above 0 its minimum is one point. Source: Hinton et al., "Distilling the
/// Knowledge in a Neural Network", for the teacher's part.
package struct SoftmaxObjective {
  /// Scores of a teacher, `[n, c]`, and how much they count.
  package struct Teacher {
    var scores: [Double]
    var share: Double
    var temperature: Double

    package init(scores: [Double], share: Double, temperature: Double) {
      self.scores = scores
      self.share = share
      self.temperature = temperature
    }
  }

  /// `[n, d]`.
  package let rows: [Double]
  package let labels: [Int]
  /// How much each row counts; positive.
  package let weights: [Double]
  package let width: Int
  package let classCount: Int
  package let decay: Double
  package var teacher: Teacher?

  /// The loss on some rows.
  package init(
    rows: [Double], labels: [Int], weights: [Double], width: Int, classCount: Int, decay: Double,
    teacher: Teacher? = nil
  ) {
    self.rows = rows
    self.labels = labels
    self.weights = weights
    self.width = width
    self.classCount = classCount
    self.decay = decay
    self.teacher = teacher
  }

  /// `W` row by row, then `b`.
  package var parameterCount: Int { classCount * (width + 1) }

  /// The scores of all rows, `[n, c]`.
  package static func scores(
    _ rows: [Double], width: Int, _ parameters: [Double], classCount: Int
  ) throws(BLASError) -> [Double] {
    let count = rows.count / max(width, 1)
    var scores = [Double](repeating: 0, count: count * classCount)
    for i in 0..<count {
      for c in 0..<classCount { scores[i * classCount + c] = parameters[classCount * width + c] }
    }
    try rows.withUnsafeBufferPointer { (rows) throws(BLASError) in
      try parameters.withUnsafeBufferPointer { (parameters) throws(BLASError) in
        try scores.withUnsafeMutableBufferPointer { (scores) throws(BLASError) in
          try MatrixMultiply.product(
            rows, parameters, transposeB: true, rows: count, columns: classCount, depth: width,
            beta: 1, into: scores)
        }
      }
    }
    return scores
  }

  /// The loss, and its gradient in the order of the parameters.
  package func evaluate(_ parameters: [Double]) throws(BLASError)
    -> (loss: Double, gradient: [Double])
  {
    var scores = try SoftmaxObjective.scores(
      rows, width: width, parameters, classCount: classCount)
    let total = weights.reduce(0, +)
    var loss = 0.0
    var gradient = [Double](repeating: 0, count: parameterCount)
    // Scores become their own gradients, row by row.
    for i in labels.indices {
      loss += slope(of: i, in: &scores, scale: weights[i] / total)
      for c in 0..<classCount { gradient[classCount * width + c] += scores[i * classCount + c] }
    }
    try scores.withUnsafeBufferPointer { (scores) throws(BLASError) in
      try rows.withUnsafeBufferPointer { (rows) throws(BLASError) in
        try gradient.withUnsafeMutableBufferPointer { (gradient) throws(BLASError) in
          try MatrixMultiply.product(
            scores, transposeA: true, rows, rows: classCount, columns: width,
            depth: labels.count,
            into: UnsafeMutableBufferPointer(rebasing: gradient[..<(classCount * width)]))
        }
      }
    }
    for k in 0..<(classCount * width) {
      loss += decay / 2 * parameters[k] * parameters[k]
      gradient[k] += decay * parameters[k]
    }
    return (loss, gradient)
  }

  /// The loss of one row; its scores become the gradient of the loss by them.
  private func slope(of i: Int, in scores: inout [Double], scale: Double) -> Double {
    let range = (i * classCount)..<((i + 1) * classCount)
    let z = Array(scores[range])
    let (p, logarithms) = SoftmaxObjective.softmax(z)
    let share = teacher?.share ?? 0
    var loss = -logarithms[labels[i]] * (1 - share)
    for c in 0..<classCount {
      scores[i * classCount + c] = (1 - share) * scale * (p[c] - (c == labels[i] ? 1 : 0))
    }
    if let teacher {
      let T = teacher.temperature
      let (target, _) = SoftmaxObjective.softmax(teacher.scores[range].map { $0 / T })
      let (soft, logarithms) = SoftmaxObjective.softmax(z.map { $0 / T })
      for c in 0..<classCount {
        loss -= share * T * T * target[c] * logarithms[c]
        scores[i * classCount + c] += share * T * scale * (soft[c] - target[c])
      }
    }
    return loss * scale
  }

  /// Probabilities and their logarithms.
  package static func softmax(_ z: [Double]) -> (p: [Double], logarithms: [Double]) {
    let most = z.max() ?? 0
    let sum = z.reduce(0) { $0 + exp($1 - most) }
    let logarithms = z.map { $0 - most - log(sum) }
    return (logarithms.map { exp($0) }, logarithms)
  }
}
