import ECBLAS
import ECTensor

/// Sums of products of channels, from which their moments follow.
///
/// Products are made in float32 around a pivot near the mean, over a few hundred samples at a time,
/// and summed in float64: that loses nothing that matters and is faster than float64 throughout.
struct MomentSum {
  private let positions: [[Int]]
  private let count: Int
  private var samples = 0
  private var pivot: [Float] = []
  private var sum: [Double]
  /// The upper triangle, row-major.
  private var products: [Double]

  /// The samples that are multiplied at a time.
  private static let blockLength = 256

  init(_ tap: ChannelTap) {
    positions = tap.positions
    count = positions.count
    sum = [Double](repeating: 0, count: count)
    products = [Double](repeating: 0, count: count * count)
  }

  /// Adds evenly spaced samples of an activation whose last axis is the tap's.
  mutating func add(_ tensor: Tensor, limit: Int) throws(BLASError) {
    try tensor.withFloats { (elements) throws(BLASError) in
      try add(elements, extent: tensor.shape.last ?? 1, limit: limit)
    }
  }

  private mutating func add(
    _ elements: UnsafeBufferPointer<Float>, extent: Int, limit: Int
  ) throws(BLASError) {
    guard let repeats = positions.first?.count, repeats > 0 else { return }
    let total = elements.count / extent * repeats
    let taken = min(total, limit)
    let isWhole = repeats == 1 && positions.map { $0[0] } == Array(0..<extent)
    var rows = [Float](repeating: 0, count: MomentSum.blockLength * count)
    var gram = [Float](repeating: 0, count: count * count)
    var first = 0
    while first < taken {
      let length = min(MomentSum.blockLength, taken - first)
      for row in 0..<length {
        let sample = (first + row) * total / taken
        let source = sample / repeats * extent
        if isWhole {
          for k in 0..<count { rows[row * count + k] = elements[source + k] }
        } else {
          for k in 0..<count {
            rows[row * count + k] = elements[source + positions[k][sample % repeats]]
          }
        }
      }
      if pivot.isEmpty { pivot = mean(rows, length) }
      centre(&rows, length)
      try multiply(rows, length, into: &gram)
      first += length
    }
    samples += taken
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
