package import ECBLAS

/// Minimizes a smooth function by L-BFGS with a line search for the strong Wolfe conditions.
///
/// Nothing is random: the same function and start give the same steps. Source: Nocedal and Wright,
/// "Numerical Optimization", algorithms 7.4, 7.5, 3.5 and 3.6.
package struct LimitedMemoryBFGS {
  package typealias Function = ([Double]) throws(BLASError) -> (loss: Double, gradient: [Double])

  /// The pairs of steps and changes of the gradient that stand for the curvature.
  package var memory = 10
  /// The largest component of the gradient at which the search ends.
  package var tolerance = 1e-6

  package private(set) var point: [Double]
  package private(set) var loss: Double
  private(set) var gradient: [Double]
  private var pairs: [(step: [Double], change: [Double], product: Double)] = []

  /// Starts at a point.
  package init(at point: [Double], _ function: Function) throws(BLASError) {
    self.point = point
    (loss, gradient) = try function(point)
  }

  /// Whether the gradient is as good as zero.
  package var isConverged: Bool { !gradient.contains { $0.magnitude > tolerance } }

  /// Goes one step; `false` where no step lowers the loss any more.
  package mutating func step(_ function: Function) throws(BLASError) -> Bool {
    var direction = descent()
    var slope = dot(direction, gradient)
    if slope >= 0 {
      pairs = []
      direction = gradient.map { -$0 }
      slope = dot(direction, gradient)
    }
    let first = pairs.isEmpty ? min(1, 1 / dot(gradient, gradient).squareRoot()) : 1
    var search = LineSearch(start: loss, slope: slope)
    guard
      let found = try search.run(
        from: first,
        { (length) throws(BLASError) in
          let place = zip(point, direction).map { $0 + length * $1 }
          let (loss, gradient) = try function(place)
          return LineSearch.Trial(
            length: length, loss: loss, slope: dot(gradient, direction), point: place,
            gradient: gradient)
        })
    else { return false }
    let step = zip(found.point, point).map { $0 - $1 }
    let change = zip(found.gradient, gradient).map { $0 - $1 }
    let product = dot(step, change)
    if product > 1e-12 * dot(change, change) {
      pairs.append((step, change, product))
      if pairs.count > memory { pairs.removeFirst() }
    }
    (point, loss, gradient) = (found.point, found.loss, found.gradient)
    return true
  }

  /// Minus the gradient, turned by the inverse curvature that the pairs stand for.
  private func descent() -> [Double] {
    var q = gradient.map { -$0 }
    var factors: [Double] = []
    for pair in pairs.reversed() {
      let factor = dot(pair.step, q) / pair.product
      for k in q.indices { q[k] -= factor * pair.change[k] }
      factors.append(factor)
    }
    if let last = pairs.last {
      let scale = last.product / dot(last.change, last.change)
      for k in q.indices { q[k] *= scale }
    }
    for (pair, factor) in zip(pairs, factors.reversed()) {
      let other = dot(pair.change, q) / pair.product
      for k in q.indices { q[k] += (factor - other) * pair.step[k] }
    }
    return q
  }
}

/// A step length that lowers the loss enough, and the slope too.
private struct LineSearch {
  package struct Trial {
    let length, loss, slope: Double
    let point, gradient: [Double]
  }

  package let start: Double
  package let slope: Double
  private let decrease = 1e-4
  private let flatness = 0.9
  private var trials = 0

  package init(start: Double, slope: Double) {
    (self.start, self.slope) = (start, slope)
  }

  private func isLow(_ trial: Trial) -> Bool {
    trial.loss <= start + decrease * trial.length * slope
  }

  private func isFlat(_ trial: Trial) -> Bool { trial.slope.magnitude <= -flatness * slope }

  /// The step; `nil` if forty trials find none.
  package mutating func run(
    from first: Double, _ evaluate: (Double) throws(BLASError) -> Trial
  ) throws(BLASError) -> Trial? {
    var length = first
    var before: Trial?
    while trials < 40 {
      let trial = try evaluate(length)
      trials += 1
      if !trial.loss.isFinite {
        length /= 4
        continue
      }
      if !isLow(trial) || trial.loss >= before?.loss ?? .infinity {
        return try zoom(before, trial, evaluate)
      }
      if isFlat(trial) { return trial }
      if trial.slope >= 0 { return try zoom(trial, before, evaluate) }
      before = trial
      length *= 2
    }
    return before
  }

  /// Narrows the stretch between two lengths; `low` has the lower loss, `nil` is length 0.
  private mutating func zoom(
    _ low: Trial?, _ high: Trial?, _ evaluate: (Double) throws(BLASError) -> Trial
  ) throws(BLASError) -> Trial? {
    var (low, high) = (low, high)
    while trials < 40 {
      let (a, b) = (low?.length ?? 0, high?.length ?? 0)
      let trial = try evaluate(between(a, b, low, high))
      trials += 1
      if !isLow(trial) || trial.loss >= low?.loss ?? start {
        high = trial
      } else {
        if isFlat(trial) { return trial }
        if trial.slope * (b - a) >= 0 { high = low }
        low = trial
      }
      if (a - b).magnitude < 1e-14 { break }
    }
    return low
  }

  /// The minimum of the parabola through both losses and one slope, kept off the ends.
  private func between(_ a: Double, _ b: Double, _ low: Trial?, _ high: Trial?) -> Double {
    let (lossA, slopeA) = (low?.loss ?? start, low?.slope ?? slope)
    let lossB = high?.loss ?? start
    let width = b - a
    let curvature = lossB - lossA - slopeA * width
    let share = curvature > 0 ? -slopeA * width / (2 * curvature) : 0.5
    return a + width * min(max(share, 0.1), 0.9)
  }
}

private func dot(_ a: [Double], _ b: [Double]) -> Double {
  a.withUnsafeBufferPointer { a in
    b.withUnsafeBufferPointer { b in
      var sum = 0.0
      for k in a.indices { sum += a[k] * b[k] }
      return sum
    }
  }
}
