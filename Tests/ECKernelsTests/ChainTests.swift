import ECKernels
import Testing

/// The shape of an operand, how it is stored, and the shapes of the constants.
struct ChainCase: Sendable, CustomStringConvertible {
  var dims: [Int]
  var order: MemoryOrder
  var constants: [[Int]]

  var description: String { "\(dims) \(order) \(constants)" }

  static let all: [ChainCase] = [
    .init(dims: [2, 3, 20, 21], order: channelsLast, constants: [[1], [3, 1, 1], [3, 1, 1]]),
    .init(dims: [2, 3, 20, 21], order: .rowMajor, constants: [[1], [3, 1, 1], [1, 3, 1, 1]]),
    .init(dims: [2, 3, 40, 41], order: .rowMajor, constants: [[3, 1, 1], [1], [1]]),
    .init(dims: [2, 7, 40, 41], order: .rowMajor, constants: [[40, 1], [7, 1, 1], [1]]),
    .init(dims: [2, 7, 40, 41], order: .rowMajor, constants: [[7, 40, 41], [1], [41]]),
    .init(dims: [2, 3], order: .rowMajor, constants: [[2, 1], [3], [2, 3]]),
  ]
}

@Suite struct ChainTests {
  @Test(arguments: ChainCase.all)
  func `functions with constants equal numpy's rules step by step`(_ c: ChainCase) throws {
    let x = Grid.random(c.dims)
    let constants = c.constants.enumerated().map { seed, dims in
      Grid(dims: dims, values: Grid.random(dims, seed: UInt64(seed + 2)).values.map { $0 + 3 })
    }
    let kinds: [BinaryKind] = [.subtract, .divide, .multiply]
    let found = try evaluate([x], orders: [c.order]) { builder, inputs in
      var value = inputs[0]
      for (kind, constant) in zip(kinds, constants) {
        value = builder.binary(
          kind, value, builder.constant(dims: constant.dims, constant.values))
      }
      return [builder.eltwise(.relu, value)]
    }
    let expected = Grid(c.dims) { index in
      func element(_ grid: Grid) -> Float {
        let missing = c.dims.count - grid.dims.count
        return grid[zip(index.dropFirst(missing), grid.dims).map { $1 == 1 ? 0 : $0 }]
      }
      let difference = x[index] - element(constants[0])
      return max(difference / element(constants[1]) * element(constants[2]), 0)
    }
    #expect(distance(found[0], expected) < 1e-6)
  }

  @Test func `a constant may be the first operand`() throws {
    let x = Grid.random([1, 3, 8, 8])
    let found = try evaluate([x], orders: [channelsLast]) { builder, inputs in
      let (one, three) = (
        builder.constant(dims: [1], [1]), builder.constant(dims: [3, 1, 1], [3, 4, 5])
      )
      return [builder.binary(.divide, three, builder.binary(.subtract, one, inputs[0]))]
    }
    let expected = Grid(x.dims) { Float($0[1] + 3) / (1 - x[$0]) }
    #expect(distance(found[0], expected) < 1e-6)
  }

  @Test func `what stands between constants and is read elsewhere stays`() throws {
    let x = Grid.random([1, 3, 8, 8])
    let found = try evaluate([x]) { builder, inputs in
      let two = builder.constant(dims: [1], [2])
      let doubled = builder.binary(.multiply, inputs[0], two)
      return [doubled, builder.binary(.add, doubled, two)]
    }
    #expect(distance(found[0], x.scaled(by: 2)) < 1e-6)
    #expect(distance(found[1], Grid(x.dims) { 2 * x[$0] + 2 }) < 1e-6)
  }

  @Test func `a chain is one kernel`() throws {
    var builder = ProgramBuilder()
    let x = builder.input(dims: [1, 3, 8, 8], order: channelsLast)
    let scale = builder.constant(dims: [3, 1, 1], [1, 2, 3])
    let scaled = builder.binary(.multiply, x, scale)
    builder.output(builder.binary(.add, scaled, scale), order: channelsLast)
    let program = try builder.build()
    #expect(program.listing.map(\.kernel).first == "constant chain loop")
    #expect(program.listing.count == 2)
  }
}
