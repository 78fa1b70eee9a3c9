import ECGraph
import ECTensor
import Testing

@Suite struct LogicTests {
  private let a = Tensor([-1, 0, 2, .infinity], shape: [1, 4])
  private let b = Tensor([0, 0, 1, .infinity], shape: [1, 4])

  @Test(
    arguments: [
      ("Equal", [0, 1, 0, 1]), ("Less", [1, 0, 0, 0]), ("LessOrEqual", [1, 1, 0, 1]),
      ("Greater", [0, 0, 1, 0]), ("GreaterOrEqual", [0, 1, 1, 1]),
    ] as [(String, [Float])])
  func `numbers are compared, equal infinities too`(_ type: String, _ expected: [Float]) throws {
    expectEqual(try onnx(type, [a, b]), Tensor(expected, shape: [1, 4]))
  }

  @Test(
    arguments: [
      ("And", [0, 0, 0, 1]), ("Or", [0, 1, 1, 1]), ("Xor", [0, 1, 1, 0]),
    ] as [(String, [Float])])
  func `truth values are joined`(_ type: String, _ expected: [Float]) throws {
    let p = Tensor([0, 0, 1, 1], shape: [1, 4])
    let q = Tensor([0, 1, 0, 1], shape: [1, 4])
    expectEqual(try onnx(type, [p, q]), Tensor(expected, shape: [1, 4]))
    expectEqual(try onnx("Not", [q]), Tensor([1, 0, 1, 0], shape: [1, 4]))
  }

  @Test func `a choice leaves infinities as they are`() throws {
    let condition = Tensor([1, 0, 1, 0], shape: [1, 4])
    let masked = Tensor([Float](repeating: -.infinity, count: 4), shape: [1, 4])
    let found = try onnx("Where", [condition, a, masked])
    #expect(found.floats() == [-1, -.infinity, 2, -.infinity])
  }

  @Test func `running sums leave out their own element, or come from the end`() throws {
    let x = Tensor([1, 2, 3, 4], shape: [1, 4])
    let axis = Tensor([-1], shape: [])
    expectEqual(try onnx("CumSum", [x], [axis]), Tensor([1, 3, 6, 10], shape: [1, 4]))
    expectEqual(
      try onnx("CumSum", [x], [axis], ["exclusive": 1]), Tensor([0, 1, 3, 6], shape: [1, 4]))
    expectEqual(
      try onnx("CumSum", [x], [axis], ["reverse": 1]), Tensor([10, 9, 7, 4], shape: [1, 4]))
  }

  @Test func `channels leave through comparisons, but not through running sums over them`() throws {
    var drawing = Drawing()
    let x = drawing.input([3, 4, 4])
    let made = try drawing.conv(x, "c", 4)
    let zero = drawing.graph.addConstant("zero", Tensor(scalar: 0))
    let isPositive = try drawing.onnx("Greater", [made, zero], name: "test")
    let chosen = try drawing.onnx("Where", [isPositive, made, zero], name: "chosen")
    #expect(Labelling(drawing).units(chosen) == Labelling(drawing).units(made))
    #expect(!Labelling(drawing).units(chosen).contains(0))
    let axis = drawing.graph.addConstant("axis", Tensor([1], shape: []))
    _ = try drawing.onnx("CumSum", [chosen, axis], name: "sums")
    #expect(Labelling(drawing).units(made) == [0, 0, 0, 0])
    #expect(Labelling(drawing).reasons == ["it is summed across its channels"])
  }
}

@Suite struct EinsumTests {
  @Test(arguments: [
    ("bhid,bhjd->bhij", "bhid,bhjd->bhij", [2, 3, 4, 5], [2, 3, 6, 5]),
    ("...ij,...jk->...ik", "bij,bjk->bik", [2, 3, 4], [2, 4, 5]),
    ("bi,bj->bji", "bi,bj->bji", [2, 3], [2, 4]), ("bij,bk->bk", "bij,bk->bk", [2, 3, 4], [2, 5]),
    ("bi,bi", "bi,bi->", [2, 3], [2, 3]),
  ])
  func `products of two activations follow their letters`(
    _ equation: String, _ plain: String, _ left: [Int], _ right: [Int]
  ) throws {
    let (x, y) = (random(left), random(right, seed: 4))
    expectEqual(
      try onnx("Einsum", [x, y], [], ["equation": .string(equation)]), naive(plain, x, y))
  }

  /// Every combination of letters, one by one.
  private func naive(_ equation: String, _ x: Tensor, _ y: Tensor) -> Tensor {
    let sides = equation.split(separator: "-", omittingEmptySubsequences: false)
    let terms = sides[0].split(separator: ",").map { Array($0) } + [Array(sides[1].dropFirst())]
    var extents: [Character: Int] = [:]
    for (letters, shape) in zip(terms, [x.shape, y.shape]) {
      for (letter, extent) in zip(letters, shape) { extents[letter] = extent }
    }
    let letters = extents.keys.sorted()
    let result = terms[2].map { extents[$0] ?? 1 }
    var sums: [[Int]: Float] = [:]
    for index in indices(letters.map { extents[$0] ?? 1 }) {
      let place = Dictionary(uniqueKeysWithValues: zip(letters, index))
      func at(_ term: Int) -> [Int] { terms[term].map { place[$0] ?? 0 } }
      sums[at(2), default: 0] += Reader(x)[at(0)] * Reader(y)[at(1)]
    }
    return tensor(result) { sums[$0] ?? 0 }
  }

  @Test func `a weight makes and reads channels`() throws {
    var drawing = Drawing()
    let x = drawing.input([3, 4, 4])
    let made = try drawing.conv(x, "c", 4)
    let weight = drawing.weight([6, 4])
    let y = try drawing.onnx("Einsum", [made, weight], ["equation": "bchw,oc->bohw"])
    let labels = Labelling(drawing)
    #expect(labels.units(y).count == 6 && !labels.units(y).contains(0))
    #expect(
      labels.ties(of: "y", operand: 1).contains {
        $0.axis == 1 && $0.role == .consumer && $0.units == labels.units(made)
      })
    #expect(labels.ties(of: "y", operand: 1).contains { $0.axis == 0 && $0.role == .producer })
  }

  @Test(arguments: ["ii,ij->ij", "ij,jk,kl->il", "i,j->", "ij,kl->ijm"])
  func `diagonals, three operands and unknown letters are refused by name`(_ equation: String) {
    let error = #expect(throws: FormatError.self) {
      try onnx(
        "Einsum", [random([2, 2]), random([2, 2])], [], ["equation": .string(equation)])
    }
    #expect(error?.what == "an Einsum of '\(equation)' isn't supported")
  }
}
