import ECCentrality
import ECGraph
import ECTensor

/// The slices of an initializer along one axis as vectors, read where they lie.
struct ChannelVectors {
  /// The elements, contiguous wherever the initializer is contiguous in some order of its axes.
  let tensor: Tensor
  /// The number of vectors.
  let count: Int
  /// How many stretches of `count · inner` elements there are.
  let outer: Int
  /// How many elements of a vector lie side by side.
  let inner: Int

  /// The number of elements of a vector.
  var dimension: Int { outer * inner }

  /// How the mathematics sees it.
  var layout: VectorLayout {
    if outer == 1 { return .rows }
    return inner == 1 ? .columns : .middle(inner: inner)
  }

  /// All slices along an axis, in the order of its positions.
  init(slicing tensor: Tensor, axis: Int) {
    let order: [Int]
    if let found = tensor.contiguousOrder {
      (order, self.tensor) = found
    } else {
      order = [axis] + tensor.shape.indices.filter { $0 != axis }
      self.tensor = tensor.permuted(order)
    }
    let place = order.firstIndex(of: axis) ?? 0
    let shape = self.tensor.shape
    count = shape[place]
    outer = shape[..<place].reduce(1, *)
    inner = shape[(place + 1)...].reduce(1, *)
  }

  /// One vector per unit of a group: the slices at its positions one behind the other where each
  /// unit has as many, else their mean; zeros for a unit without.
  init(_ axis: ChannelAxis, of group: ChannelGroup, in tensor: Tensor) {
    let n = group.channels
    let positions = axis.positions(in: group.id)
    let extent = axis.units.count
    let isWhole = positions.count == extent && extent % n == 0
    if isWhole, positions.allSatisfy({ $0.unit == $0.position % n }) {
      let split = tensor.shape[..<axis.axis] + [extent / n, n] + tensor.shape[(axis.axis + 1)...]
      self.init(slicing: tensor.reshaped(Array(split)), axis: axis.axis + 1)
      return
    }
    if isWhole, positions.allSatisfy({ $0.unit == $0.position / (extent / n) }) {
      let split = tensor.shape[..<axis.axis] + [n, extent / n] + tensor.shape[(axis.axis + 1)...]
      self.init(slicing: tensor.reshaped(Array(split)), axis: axis.axis)
      return
    }
    var rows = [[Int]](repeating: [], count: n)
    for (position, unit) in positions { rows[unit].append(position) }
    let most = rows.map(\.count).max() ?? 0
    let isEven = rows.allSatisfy { $0.isEmpty || $0.count == most }
    let order = [axis.axis] + tensor.shape.indices.filter { $0 != axis.axis }
    let picked = tensor.gathered(axis: axis.axis, rows.flatMap { $0 }).permuted(order).floats()
    let length = tensor.count / max(1, extent)
    let width = isEven ? length * most : length
    var elements = [Float](repeating: 0, count: n * width)
    var next = 0
    for (unit, own) in rows.enumerated() {
      for k in own.indices {
        let start = unit * width + (isEven ? k * length : 0)
        let share = isEven ? 1 : 1 / Float(own.count)
        for e in 0..<length { elements[start + e] += picked[next + e] * share }
        next += length
      }
    }
    self.init(slicing: Tensor(elements, shape: [n, width]), axis: 0)
  }

  /// The sum over each vector's elements of their magnitudes, or of their squares.
  func sums(squared: Bool) -> [Double] {
    var sums = [Double](repeating: 0, count: count)
    tensor.withFloats { elements in
      sums.withUnsafeMutableBufferPointer { sums in
        for block in 0..<outer {
          let start = block * count * inner
          for c in 0..<count {
            var sum = 0.0
            for e in (start + c * inner)..<(start + (c + 1) * inner) {
              let x = Double(elements[e])
              sum += squared ? x * x : abs(x)
            }
            sums[c] += sum
          }
        }
      }
    }
    return sums
  }

  /// All inner products, `[count, count]`.
  func gram() throws(CentralityError) -> [Double] {
    try tensor.withFloats { (elements) throws(CentralityError) in
      try GramMatrix.of(elements, count: count, dimension: dimension, layout: layout)
    }
  }
}
