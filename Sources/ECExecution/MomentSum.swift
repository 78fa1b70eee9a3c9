import ECBLAS
import ECTensor

/// Sums of products of channels, from which their moments follow; of one activation, or of several
/// side by side.
///
/// Products are made in float32 around a pivot near the mean, over a few hundred samples at a time,
/// and summed in float64: that loses nothing that matters and is faster than float64 throughout.
struct MomentSum {
  /// For every activation the positions of its channels.
  private let parts: [[[Int]]]
  private let count: Int
  private var samples = 0
  private var pivot: [Float] = []
  private var sum: [Double]
  /// The upper triangle, row-major.
  private var products: [Double]

  /// The samples that are multiplied at a time.
  private static let blockLength = 256

  init(_ tap: ChannelTap) {
    self.init(parts: [tap.positions])
  }

  /// Takes channels of several activations that have equally many samples.
  init(parts: [[[Int]]]) {
    self.parts = parts
    count = parts.reduce(0) { $0 + $1.count }
    sum = [Double](repeating: 0, count: count)
    products = [Double](repeating: 0, count: count * count)
  }

  /// Adds evenly spaced samples of activations whose last axes are those of the channels.
  mutating func add(_ tensors: [Tensor], limit: Int) throws(BLASError) {
    guard let first = tensors.first, let repeats = parts.first?.first?.count, repeats > 0 else {
      return
    }
    let total = first.count / (first.shape.last ?? 1) * repeats
    let taken = min(total, limit)
    var rows = [Float](repeating: 0, count: MomentSum.blockLength * count)
    var gram = [Float](repeating: 0, count: count * count)
    var start = 0
    while start < taken {
      let length = min(MomentSum.blockLength, taken - start)
      let samples = (start..<start + length).map { $0 * total / taken }
      var offset = 0
      for (tensor, positions) in zip(tensors, parts) {
        let extent = tensor.shape.last ?? 1
        tensor.withFloats { gather($0, extent, positions, samples, into: &rows, at: offset) }
        offset += positions.count
      }
      if pivot.isEmpty { pivot = mean(rows, length) }
      centre(&rows, length)
      try multiply(rows, length, into: &gram)
      start += length
    }
    samples += taken
  }

  /// Writes the channels of one activation at some samples into the rows, from a column on.
  private func gather(
    _ elements: UnsafeBufferPointer<Float>, _ extent: Int, _ positions: [[Int]],
    _ samples: [Int], into rows: inout [Float], at offset: Int
  ) {
    let repeats = positions.first?.count ?? 1
    let isWhole = repeats == 1 && positions.indices.allSatisfy { positions[$0][0] == $0 }
    for (row, sample) in samples.enumerated() {
      let source = sample / repeats * extent
      let target = row * count + offset
      if isWhole {
        for k in positions.indices { rows[target + k] = elements[source + k] }
      } else {
        for k in positions.indices {
          rows[target + k] = elements[source + positions[k][sample % repeats]]
        }
      }
    }
  }

  private func mean(_ rows: [Float], _ length: Int) -> [Float] {
    var mean = [Double](repeating: 0, count: count)
    for row in 0..<length {
      for k in 0..<count { mean[k] += Double(rows[row * count + k]) }
    }
    return mean.map { Float($0 / Double(length)) }
  }

  private mutating func centre(_ rows: inout [Float], _ length: Int) {
    for row in 0..<length {
      for k in 0..<count {
        let value = rows[row * count + k] - pivot[k]
        rows[row * count + k] = value
        sum[k] += Double(value)
      }
    }
  }

  private mutating func multiply(
    _ rows: [Float], _ length: Int, into gram: inout [Float]
  ) throws(BLASError) {
    let count = count
    try rows.withUnsafeBufferPointer { (rows) throws(BLASError) in
      try gram.withUnsafeMutableBufferPointer { (gram) throws(BLASError) in
        try SymmetricProduct.ofColumns(
          UnsafeBufferPointer(rebasing: rows[..<(length * count)]), count: count,
          dimension: length, beta: 0, into: gram)
      }
    }
    for i in 0..<count {
      for k in (i * count + i)..<((i + 1) * count) { products[k] += Double(gram[k]) }
    }
  }

  /// The moments of all that was added.
  func moments() -> ChannelMoments {
    let number = Double(max(1, samples))
    let shift = sum.map { $0 / number }
    var covariance = products
    covariance.withUnsafeMutableBufferPointer { matrix in
      for i in 0..<count {
        for j in i..<count {
          matrix[i * count + j] = matrix[i * count + j] / number - shift[i] * shift[j]
        }
      }
      SymmetricProduct.mirror(matrix, order: count)
    }
    let mean = pivot.isEmpty ? shift : zip(pivot, shift).map { Double($0) + $1 }
    return ChannelMoments(sampleCount: samples, mean: mean, covariance: covariance)
  }
}
