import Glibc

/// Reduces axes of a plain tensor, summing in double precision.
struct ReductionLoop {
  private let kind: ReductionKind
  /// Axes of the input from the slowest to the fastest: how many, and the step in the output.
  private let axes: [(count: Int, step: Int)]
  private let outputCount: Int
  private let reducedCount: Int

  /// The output has the input's axes in the input's order, the reduced ones with one element.
  init(_ kind: ReductionKind, _ input: Layout, axes reduced: [Int], _ output: Layout) {
    self.kind = kind
    let steps = output.strides ?? []
    axes = (input.order ?? []).map { axis in
      (input.dims[axis], reduced.contains(axis) ? 0 : steps[axis])
    }
    outputCount = output.count
    reducedCount = input.count / max(output.count, 1)
  }

  func run(_ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>) {
    switch kind {
    case .mean: reduce(x, y, from: 0, { $0 + $1 }, { $0 / Double(reducedCount) })
    case .sum: reduce(x, y, from: 0, { $0 + $1 }, { $0 })
    case .maximum: reduce(x, y, from: -.infinity, { $0 > $1 ? $0 : $1 }, { $0 })
    case .minimum: reduce(x, y, from: .infinity, { $0 < $1 ? $0 : $1 }, { $0 })
    case .product: reduce(x, y, from: 1, { $0 * $1 }, { $0 })
    case .l1: reduce(x, y, from: 0, { $0 + Swift.abs($1) }, { $0 })
    case .l2: reduce(x, y, from: 0, { $0 + $1 * $1 }, { $0.squareRoot() })
    case .sumOfSquares: reduce(x, y, from: 0, { $0 + $1 * $1 }, { $0 })
    case .logSum: reduce(x, y, from: 0, { $0 + $1 }, { Glibc.log($0) })
    case .logSumExp: reduceLogSumExp(x, y)
    }
  }

  @inline(__always)
  private func reduce(
    _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, from start: Double,
    _ step: (Double, Double) -> Double, _ end: (Double) -> Double
  ) {
    var sums = [Double](repeating: start, count: outputCount)
    sums.withUnsafeMutableBufferPointer { sums in
      rows(x) { row, count, output, outputStep in
        if outputStep == 0 {
          var sum = sums[output]
          for i in 0..<count { sum = step(sum, Double(row[i])) }
          sums[output] = sum
        } else {
          for i in 0..<count {
            sums[output + i * outputStep] = step(sums[output + i * outputStep], Double(row[i]))
          }
        }
      }
    }
    for i in 0..<outputCount { y[i] = Float(end(sums[i])) }
  }

  private func reduceLogSumExp(_ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>) {
    // The largest element is taken out first, so that no exponential overflows.
    reduce(x, y, from: -.infinity, { $0 > $1 ? $0 : $1 }, { $0 })
    var sums = [Double](repeating: 0, count: outputCount)
    rows(x) { row, count, output, outputStep in
      for i in 0..<count {
        let at = output + i * outputStep
        sums[at] += y[at].isFinite ? Glibc.exp(Double(row[i]) - Double(y[at])) : 1
      }
    }
    for i in 0..<outputCount where y[i].isFinite {
      y[i] = Float(Double(y[i]) + Glibc.log(sums[i]))
    }
  }

  /// Visits the input's rows in memory order, with where their elements go in the output.
  @inline(__always)
  private func rows(
    _ x: UnsafePointer<Float>,
    _ body: (_ row: UnsafePointer<Float>, _ count: Int, _ output: Int, _ outputStep: Int) -> Void
  ) {
    guard let inner = axes.last else { return }
    let outer = axes.dropLast()
    var index = [Int](repeating: 0, count: outer.count)
    var (row, output) = (x, 0)
    while true {
      body(row, inner.count, output, inner.step)
      row += inner.count
      var level = outer.count - 1
      while level >= 0 {
        index[level] += 1
        output += outer[level].step
        if index[level] < outer[level].count { break }
        index[level] = 0
        output -= outer[level].step * outer[level].count
        level -= 1
      }
      if level < 0 { return }
    }
  }
}
