import ECBLAS
public import ECGraph
public import ECTensor

/// Takes mean and covariance of channels at many places of a graph while it runs on images.
///
/// Products are made in float32 around a pivot near the mean and summed in double, which loses
/// nothing that matters and is many times faster than double throughout.
public struct ChannelStatistics {
  /// The most positions of one batch that a tap looks at, evenly spaced.
  public static let positionLimit = 20_000

  private let graph: Graph
  private let taps: [ChannelTap]
  private let threads: Int
  private var sums: [MomentSum]

  /// Prepares to take statistics.
  public init(graph: Graph, taps: [ChannelTap], threads: Int = 1) {
    self.graph = graph
    self.taps = taps
    self.threads = threads
    sums = taps.map { MomentSum(count: $0.positions.count) }
  }

  /// Runs samples through the graph, `batch` at a time, and adds what the taps see.
  /// - Parameter inputs: one tensor per input of the graph, samples along axis 0.
  /// - Throws: `ExecutionError` if a shape doesn't fit or the graph can't be run.
  public mutating func add(_ inputs: [Tensor], batch: Int) throws(ExecutionError) {
    let total = inputs.first?.shape.first ?? 0
    var values: [ValueID] = []
    for tap in taps where !values.contains(tap.value) { values.append(tap.value) }
    var evaluator: (size: Int, run: Evaluator)?
    var first = 0
    while first < total {
      let size = min(batch, total - first)
      let slice = inputs.map { $0.sliced(axis: 0, first..<(first + size)) }
      if evaluator?.size != size {
        evaluator = (
          size,
          try Evaluator(
            graph: graph, inputShapes: slice.map(\.shape), outputs: values, threads: threads)
        )
      }
      guard let results = try evaluator?.run.run(slice) else { return }
      for (k, tap) in taps.enumerated() {
        guard let position = values.firstIndex(of: tap.value) else { continue }
        sums[k].add(results[position], tap)
      }
      first += size
    }
  }

  /// What was found, tap by tap.
  public func moments() -> [ChannelMoments] { sums.map { $0.moments() } }
}

/// Sums of products of channels around a pivot.
private struct MomentSum {
  private let count: Int
  private var samples = 0
  private var pivot: [Float]?
  private var sum: [Double]
  /// The upper triangle, row-major.
  private var products: [Double]

  init(count: Int) {
    self.count = count
    sum = [Double](repeating: 0, count: count)
    products = [Double](repeating: 0, count: count * count)
  }

  mutating func add(_ tensor: Tensor, _ tap: ChannelTap) {
    let rows = MomentSum.samples(tensor, tap)
    if pivot == nil {
      // The mean of the first batch is near enough to the true one.
      var mean = [Double](repeating: 0, count: count)
      for row in 0..<(rows.count / count) {
        for k in 0..<count { mean[k] += Double(rows[row * count + k]) }
      }
      let number = Double(max(1, rows.count / count))
      pivot = mean.map { Float($0 / number) }
    }
    guard let pivot else { return }
    var centred = rows
    let number = rows.count / count
    for row in 0..<number {
      for k in 0..<count {
        let value = rows[row * count + k] - pivot[k]
        centred[row * count + k] = value
        sum[k] += Double(value)
      }
    }
    samples += number
    var gram = [Float](repeating: 0, count: count * count)
    centred.withUnsafeBufferPointer { rows in
      gram.withUnsafeMutableBufferPointer { gram in
        // Dimensions are those of activations that were just made: they fit.
        try? SymmetricProduct.ofColumns(rows, count: count, dimension: number, into: gram)
      }
    }
    for k in products.indices { products[k] += Double(gram[k]) }
  }

  func moments() -> ChannelMoments {
    let number = Double(max(1, samples))
    let shift = sum.map { $0 / number }
    var covariance = [Double](repeating: 0, count: count * count)
    for i in 0..<count {
      for j in i..<count {
        let value = products[i * count + j] / number - shift[i] * shift[j]
        covariance[i * count + j] = value
        covariance[j * count + i] = value
      }
    }
    let mean = zip(pivot ?? [Float](repeating: 0, count: count), shift).map { Double($0) + $1 }
    return ChannelMoments(sampleCount: samples, mean: mean, covariance: covariance)
  }

  /// Evenly spaced samples as rows of channels, `[samples, n]`.
  private static func samples(_ tensor: Tensor, _ tap: ChannelTap) -> [Float] {
    let shape = tensor.shape
    let outer = shape[..<tap.axis].reduce(1, *)
    let extent = shape[tap.axis]
    let inner = shape[(tap.axis + 1)...].reduce(1, *)
    let repeats = tap.positions.first?.count ?? 0
    let total = outer * inner * repeats
    let step = max(1, (total + ChannelStatistics.positionLimit - 1) / ChannelStatistics.positionLimit)
    let count = tap.positions.count
    var rows: [Float] = []
    rows.reserveCapacity(total / step * count + count)
    tensor.withFloats { numbers in
      var sample = 0
      while sample < total {
        let r = sample % repeats
        let i = sample / repeats % inner
        let o = sample / repeats / inner
        for k in 0..<count {
          rows.append(numbers[(o * extent + tap.positions[k][r]) * inner + i])
        }
        sample += step
      }
    }
    return rows
  }
}
