import ECKernels

/// A row-major tensor for the plain loops that the tests compare with.
struct Grid: Equatable {
  var dims: [Int]
  var values: [Float]

  /// Values between -1 and 1 from a seed.
  static func random(_ dims: [Int], seed: UInt64 = 1) -> Grid {
    var state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 0xD1B5_4A32_D192_ED03
    let values = (0..<dims.reduce(1, *)).map { _ -> Float in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Float(Int64(bitPattern: state) >> 40) / Float(1 << 23)
    }
    return Grid(dims: dims, values: values)
  }

  /// Every index of the shape, in row-major order.
  static func indices(_ dims: [Int]) -> [[Int]] {
    var result: [[Int]] = [[]]
    for length in dims { result = result.flatMap { head in (0..<length).map { head + [$0] } } }
    return result
  }

  /// A tensor whose elements are a function of their index.
  init(_ dims: [Int], _ element: ([Int]) -> Float) {
    self.init(dims: dims, values: Grid.indices(dims).map(element))
  }

  init(dims: [Int], values: [Float]) {
    (self.dims, self.values) = (dims, values)
  }

  func scaled(by factor: Float) -> Grid {
    Grid(dims: dims, values: values.map { $0 * factor })
  }

  subscript(index: [Int]) -> Float {
    values[zip(index, dims).reduce(0) { $0 * $1.1 + $1.0 }]
  }

  /// The element, or nil where the index is outside.
  func element(_ index: [Int]) -> Float? {
    zip(index, dims).allSatisfy { (0..<$1).contains($0) } ? self[index] : nil
  }

  /// The elements in another order of axes.
  func stored(_ axes: [Int]) -> [Float] {
    let permuted = axes.map { dims[$0] }
    return Grid.indices(permuted).map { index in
      var logical = index
      for (place, axis) in axes.enumerated() { logical[axis] = index[place] }
      return self[logical]
    }
  }
}

/// Runs one program on tensors, each stored as told, and gives its outputs in row-major order.
func evaluate(
  _ inputs: [Grid], orders: [MemoryOrder] = [], threads: Int = 1,
  _ body: (inout ProgramBuilder, [Buffer]) -> [Buffer]
) throws -> [Grid] {
  var builder = ProgramBuilder(threads: threads)
  var (buffers, stored): ([Buffer], [[Float]]) = ([], [])
  for (index, input) in inputs.enumerated() {
    let order = index < orders.count ? orders[index] : .rowMajor
    buffers.append(builder.input(dims: input.dims, order: order))
    if case .permuted(let axes) = order {
      stored.append(input.stored(axes))
    } else {
      stored.append(input.values)
    }
  }
  let outputs = body(&builder, buffers)
  for output in outputs { builder.output(output) }
  let program = try builder.build()
  let results = try program.run(stored)
  // A second run must not depend on what the first left behind.
  let again = try program.run(stored)
  guard results.map({ $0.map(\.bitPattern) }) == again.map({ $0.map(\.bitPattern) }) else {
    throw Unequal()
  }
  return zip(outputs, results).map { Grid(dims: $0.dims, values: $1) }
}

/// Two runs of one program differ.
struct Unequal: Error {}

/// The largest difference, relative where numbers are large; infinite where the shapes differ.
func distance(_ a: Grid, _ b: Grid) -> Float {
  guard a.dims == b.dims, a.values.count == b.values.count else { return .infinity }
  return zip(a.values, b.values).reduce(0) { worst, pair in
    if pair.0 == pair.1 { return worst }
    let error = abs(pair.0 - pair.1) / max(1, abs(pair.1))
    return error.isNaN ? .infinity : max(worst, error)
  }
}

let channelsLast = MemoryOrder.permuted([0, 2, 3, 1])
