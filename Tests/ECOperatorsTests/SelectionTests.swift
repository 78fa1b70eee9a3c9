import ECGraph
import ECTensor
import Testing

@Suite struct SelectionTests {
  private let image = random([2, 4, 2, 3])

  @Test func `depth becomes space column by column, or row by row`() throws {
    let x = Reader(image)
    let depthFirst = tensor([2, 1, 4, 6]) { at in
      x[[at[0], at[2] % 2 * 2 + at[3] % 2, at[2] / 2, at[3] / 2]]
    }
    // With one channel the two orders are the same.
    expectEqual(try onnx("DepthToSpace", [image], [], ["blocksize": 2]), depthFirst)
    expectEqual(
      try onnx("DepthToSpace", [image], [], ["blocksize": 2, "mode": "CRD"]), depthFirst)
    let deep = random([1, 8, 1, 1])
    expectEqual(
      try onnx("DepthToSpace", [deep], [], ["blocksize": 2]),
      Tensor([0, 2, 4, 6, 1, 3, 5, 7].map { deep.floats()[$0] }, shape: [1, 2, 2, 2]))
    expectEqual(
      try onnx("DepthToSpace", [deep], [], ["blocksize": 2, "mode": "CRD"]),
      Tensor(deep.floats(), shape: [1, 2, 2, 2]))
    expectEqual(try onnx("SpaceToDepth", [depthFirst], [], ["blocksize": 2]), image)
  }

  @Test func `pictures are mirrored, stretched and wrapped at their edges`() throws {
    let row = Tensor([1, 2, 3], shape: [1, 1, 1, 3])
    for (mode, expected) in [
      ("reflect", [3, 2, 1, 2, 3, 2]), ("edge", [1, 1, 1, 2, 3, 3]), ("wrap", [2, 3, 1, 2, 3, 1]),
    ] as [(String, [Float])] {
      expectEqual(
        try onnx(
          "Pad", [row], [whole([2, 1]), nil, whole([-1])], ["mode": .string(mode)], opset: 19),
        Tensor(expected, shape: [1, 1, 1, 6]))
    }
    #expect(throws: FormatError.self) {
      try onnx("Pad", [row], [whole([3, 0]), nil, whole([-1])], ["mode": "reflect"], opset: 19)
    }
  }

  @Test func `positions are gathered with repeats, from the end, and one alone`() throws {
    let x = Reader(image)
    expectEqual(
      try onnx("Gather", [image], [whole([-1, 0, -1])], ["axis": 1]),
      tensor([2, 3, 2, 3]) { x[[$0[0], [3, 0, 3][$0[1]], $0[2], $0[3]]] })
    expectEqual(
      try onnx("Gather", [image], [Tensor([1], shape: [])], ["axis": 2]),
      tensor([2, 4, 3]) { x[[$0[0], $0[1], 1, $0[2]]] })
  }

  @Test func `a constant is repeated for every picture of the batch`() throws {
    for factor in [1, 2] {
      var drawing = Drawing()
      _ = drawing.input([2])
      let token = drawing.weight([1, 1, 3])
      let shape = drawing.graph.addInput("shape", ValueType(.int64, [3]))
      let y = try drawing.onnx(
        "Expand", [token, shape], extents: [shape: [.times(factor, "batch"), 2, 3]])
      drawing.graph.removeValue(shape)
      #expect(drawing.graph[y].type.shape == [.times(factor, "batch"), 2, 3])
      let w = Reader(random([1, 1, 3], seed: 9))
      expectEqual(
        try drawing.run(y, [random([2, 2])]), tensor([2 * factor, 2, 3]) { w[[0, 0, $0[2]]] })
    }
  }

  @Test func `a value is broadcast to extents that it has, and heads join the batch`() throws {
    var drawing = Drawing()
    let x = drawing.input([5, 1])
    let shape = drawing.graph.addInput("shape", ValueType(.int64, [3]))
    let wide = try drawing.onnx(
      "Expand", [x, shape], name: "wide", extents: [shape: [.symbolic("batch"), 5, 4]])
    let turned = try drawing.onnx("Transpose", [wide], ["perm": ints([1, 0, 2])], name: "turned")
    let heads = try drawing.onnx(
      "Reshape", [turned, shape], name: "heads", extents: [shape: [5, .times(2, "batch"), 2]])
    let whole = try drawing.onnx(
      "Reshape", [heads, shape], name: "whole", extents: [shape: [5, .symbolic("batch"), 4]])
    drawing.graph.removeValue(shape)
    #expect(drawing.graph[heads].type.shape == [5, .times(2, "batch"), 2])
    #expect(drawing.graph[whole].type.shape == [5, .symbolic("batch"), 4])
    let image = random([3, 5, 1])
    let r = Reader(image)
    expectEqual(try drawing.run(whole, [image]), tensor([5, 3, 4]) { r[[$0[1], $0[0], 0]] })
  }

  @Test func `a picture is resized to extents that begin with the batch`() throws {
    var drawing = Drawing()
    let x = drawing.input([1, 2, 2])
    let sizes = drawing.graph.addInput("sizes", ValueType(.int64, [4]))
    let y = try drawing.onnx(
      "Resize", [x, nil, nil, sizes],
      ["coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"],
      extents: [sizes: [.symbolic("batch"), 1, 4, 4]])
    drawing.graph.removeValue(sizes)
    let image = random([2, 1, 2, 2])
    let r = Reader(image)
    expectEqual(
      try drawing.run(y, [image]), tensor([2, 1, 4, 4]) { r[[$0[0], 0, $0[2] / 2, $0[3] / 2]] })
  }

  @Test func `matrices multiply from the left, and with each other`() throws {
    let (a, b) = (random([2, 3, 4]), random([2, 4, 5], seed: 2))
    let (r, s) = (Reader(a), Reader(b))
    expectEqual(
      try onnx("MatMul", [a, b]),
      tensor([2, 3, 5]) { at in
        (0..<4).reduce(Float(0)) { $0 + r[[at[0], at[1], $1]] * s[[at[0], $1, at[2]]] }
      })
    var drawing = Drawing()
    let x = drawing.input([4, 5])
    let y = try drawing.onnx("MatMul", [drawing.weight([3, 4]), x])
    let weights = Reader(random([3, 4], seed: 9))
    expectEqual(
      try drawing.run(y, [b]),
      tensor([2, 3, 5]) { at in
        (0..<4).reduce(Float(0)) { $0 + weights[[at[1], $1]] * s[[at[0], $1, at[2]]] }
      })
  }

  @Test func `a general matrix product scales, transposes and shifts`() throws {
    let (x, weights, shift) = (random([3, 2]), random([4, 3], seed: 2), random([1, 4], seed: 3))
    let (r, w, b) = (Reader(x), Reader(weights), Reader(shift))
    let found = try onnx(
      "Gemm", [x], [weights, shift],
      ["alpha": .float(0.5), "beta": .float(2), "transA": 1, "transB": 1])
    expectEqual(
      found,
      tensor([2, 4]) { at in
        2 * b[[0, at[1]]]
          + 0.5 * (0..<3).reduce(Float(0)) { $0 + r[[$1, at[0]]] * w[[at[1], $1]] }
      })
  }

  @Test func `many operands are summed and averaged`() throws {
    let parts = (1...3).map { random([2, 3], seed: $0) }
    let sums = (0..<6).map { k in parts.reduce(Float(0)) { $0 + $1.floats()[k] } }
    expectEqual(try onnx("Sum", parts), Tensor(sums, shape: [2, 3]))
    expectEqual(try onnx("Mean", parts), Tensor(sums.map { $0 / 3 }, shape: [2, 3]))
    expectEqual(try onnx("Max", [parts[0]]), parts[0])
  }

  @Test func `labels are split, gathered, shuffled and regrouped`() throws {
    var d = Drawing()
    let a = try d.conv(d.input([2, 4, 4]), "a", 6)
    let gathered = try d.onnx("Gather", [a, d.numbers([5, 0, 5], "g")], ["axis": 1], name: "g1")
    let parted = try d.onnx("Reshape", [a, d.numbers([0, 2, 3, 4, 4], "r")], name: "parted")
    let swapped = try d.onnx(
      "Transpose", [parted], ["perm": ints([0, 2, 1, 3, 4])], name: "swapped")
    let shuffled = try d.onnx(
      "Reshape", [swapped, d.numbers([0, 6, 4, 4], "s")], name: "shuffled")
    let batch = try d.onnx("Reshape", [a, d.numbers([-1, 3, 4, 4], "b")], name: "batch")
    let l = Labelling(d)
    #expect(l.units(batch) == [0, 0, 0])
    #expect(l.reasons == ["it is reshaped into the batch axis"])
    #expect(l.units(gathered) == [0, 0, 0])
    #expect(l.units(shuffled) == [0, 0, 0, 0, 0, 0])
    d.graph.remove(try #require(d.graph[batch].producer))
    let free = Labelling(d)
    #expect(free.units(gathered) == [6, 1, 6])
    #expect(free.units(shuffled) == [1, 4, 2, 5, 3, 6])
  }

  @Test func `blocks of depth are one unit, and small groups of a convolution leave whole`() throws
  {
    var d = Drawing()
    let x = d.input([2, 4, 4])
    let a = try d.conv(x, "a", 8)
    let pixels = try d.onnx("DepthToSpace", [a], ["blocksize": 2], name: "pixels")
    let b = try d.conv(x, "b", 8)
    let grouped = try d.conv(b, "grouped", 8, group: 4)
    let l = Labelling(d)
    #expect(l.units(pixels) == [1, 2])
    #expect(l.units(a) == [1, 2, 1, 2, 1, 2, 1, 2])
    #expect(l.units(b) == [9, 9, 11, 11, 13, 13, 15, 15])
    #expect(l.units(grouped) == l.units(b))
    #expect(l.ties(of: "grouped").map(\.axis) == [0])
  }
}
