import ECGraph
import ECTensor
import Testing

@Suite struct CouplingTests {
  private typealias Tie = Labelling.Tie

  @Test func `a convolution makes channels and the next one reads them`() throws {
    var d = Drawing()
    let a = try d.conv(d.input([3, 4, 4]), "a", 4, size: 3, bias: true)
    let r = try d.onnx("Relu", [a], name: "r")
    let b = try d.conv(r, "b", 2)
    let l = Labelling(d)
    #expect(l.units(a) == [1, 2, 3, 4])
    #expect(l.units(r) == l.units(a))
    #expect(l.units(b) == [5, 6])
    #expect(
      l.ties(of: "a") == [
        Tie(node: "a", operand: 1, axis: 0, role: .producer, units: [1, 2, 3, 4]),
        Tie(node: "a", operand: 2, axis: 0, role: .producer, units: [1, 2, 3, 4]),
      ])
    #expect(
      l.ties(of: "b", operand: 1).sorted { $0.axis < $1.axis } == [
        Tie(node: "b", operand: 1, axis: 0, role: .producer, units: [5, 6]),
        Tie(node: "b", operand: 1, axis: 1, role: .consumer, units: [1, 2, 3, 4]),
      ])
    #expect(l.reasons.isEmpty)
  }

  @Test func `channels that are added leave together`() throws {
    var d = Drawing()
    let x = d.input([3, 4, 4])
    let (a, b) = (try d.conv(x, "a", 3), try d.conv(x, "b", 3))
    let c = try d.conv(x, "c", 3)
    let sum = try d.onnx("Add", [a, b], name: "sum")
    let all = try d.onnx("Add", [sum, c], name: "all")
    let l = Labelling(d)
    #expect(l.units(a) == [1, 2, 3])
    for value in [b, c, sum, all] { #expect(l.units(value) == [1, 2, 3]) }
  }

  @Test func `channels that are added to an input stay`() throws {
    var d = Drawing()
    let x = d.input([3, 4, 4])
    let a = try d.conv(x, "a", 3)
    _ = try d.onnx("Add", [a, x], name: "sum")
    let l = Labelling(d)
    #expect(l.units(a) == [0, 0, 0])
    #expect(l.reasons == ["it is combined with a value whose channels must stay"])
  }

  @Test func `a gate couples with what it scales, its squeeze is free`() throws {
    var d = Drawing()
    let a = try d.conv(d.input([3, 4, 4]), "a", 4)
    let pooled = try d.onnx("GlobalAveragePool", [a], name: "pool")
    let squeeze = try d.conv(pooled, "squeeze", 2)
    let gate = try d.onnx("Sigmoid", [d.conv(squeeze, "excite", 4)], name: "gate")
    let y = try d.onnx("Mul", [gate, a], name: "y")
    let l = Labelling(d)
    #expect(l.units(a) == [1, 2, 3, 4])
    #expect(l.units(pooled) == [1, 2, 3, 4])
    #expect(l.units(squeeze) == [5, 6])
    #expect(l.units(gate) == [1, 2, 3, 4])
    #expect(l.units(y) == [1, 2, 3, 4])
    #expect(l.reasons.isEmpty)
  }

  @Test func `a gate of one channel stays and nothing else`() throws {
    var d = Drawing()
    let a = try d.conv(d.input([3, 4, 4]), "a", 4)
    let map = try d.conv(a, "map", 1)
    let y = try d.onnx("Mul", [a, map], name: "y")
    let l = Labelling(d)
    #expect(l.units(map) == [0])
    #expect(l.units(y) == [1, 2, 3, 4])
    #expect(l.reasons == ["it is broadcast over the channels of another operand"])
  }

  @Test func `a depthwise kernel follows its channels`() throws {
    var d = Drawing()
    let a = try d.conv(d.input([3, 4, 4]), "a", 4)
    let y = try d.conv(a, "y", 4, size: 3, group: 4, bias: true)
    let l = Labelling(d)
    #expect(l.units(y) == [1, 2, 3, 4])
    #expect(
      l.ties(of: "y") == [
        Tie(node: "y", operand: 1, axis: 0, role: .follower, units: [1, 2, 3, 4]),
        Tie(node: "y", operand: 2, axis: 0, role: .follower, units: [1, 2, 3, 4]),
      ])
  }

  @Test func `all that a depthwise kernel makes of a channel leaves with it`() throws {
    var d = Drawing()
    let a = try d.conv(d.input([3, 4, 4]), "a", 3)
    let y = try d.conv(a, "y", 6, size: 3, group: 3)
    let l = Labelling(d)
    #expect(l.units(y) == [1, 1, 2, 2, 3, 3])
  }

  @Test func `groups lose the same local channels`() throws {
    var d = Drawing()
    let a = try d.conv(d.input([3, 4, 4]), "a", 4)
    let y = try d.conv(a, "y", 6, group: 2)
    let l = Labelling(d)
    #expect(l.units(a) == [1, 2, 1, 2])
    #expect(l.units(y) == [5, 6, 7, 5, 6, 7])
    #expect(
      l.ties(of: "y", operand: 1) == [
        Tie(node: "y", operand: 1, axis: 1, role: .consumer, units: [1, 2]),
        Tie(node: "y", operand: 1, axis: 0, role: .producer, units: [5, 6, 7, 5, 6, 7]),
      ])
  }

  @Test func `joined channels stand one behind the other`() throws {
    var d = Drawing()
    let x = d.input([2, 4, 4])
    let (a, b) = (try d.conv(x, "a", 2), try d.conv(x, "b", 3))
    let y = try d.onnx("Concat", [a, x, b], ["axis": 1], name: "y")
    let z = try d.conv(y, "z", 1)
    let l = Labelling(d)
    #expect(l.units(y) == [1, 2, 0, 0, 3, 4, 5])
    #expect(
      l.ties(of: "z", operand: 1).contains(
        Tie(node: "z", operand: 1, axis: 1, role: .consumer, units: [1, 2, 0, 0, 3, 4, 5])))
    #expect(l.units(z) == [6])
  }

  @Test func `channels of pictures that are joined side by side are one`() throws {
    var d = Drawing()
    let x = d.input([2, 4, 4])
    let (a, b) = (try d.conv(x, "a", 3), try d.conv(x, "b", 3))
    let y = try d.onnx("Concat", [a, b], ["axis": 3], name: "y")
    let l = Labelling(d)
    #expect(l.units(a) == [1, 2, 3])
    #expect(l.units(b) == [1, 2, 3])
    #expect(l.units(y) == [1, 2, 3])
  }

  @Test(arguments: [true, false])
  func `a flattened channel is all its positions`(channelsLast: Bool) throws {
    var d = Drawing()
    var a = try d.conv(d.input([2, 1, 2]), "a", 3)
    if channelsLast { a = try d.onnx("Transpose", [a], ["perm": ints([0, 2, 3, 1])], name: "t") }
    let f = try d.onnx("Flatten", [a], name: "f")
    let y = try d.onnx("Gemm", [f, d.weight([6, 2], "k")], name: "y")
    let l = Labelling(d)
    let expected: [Int32] = channelsLast ? [1, 2, 3, 1, 2, 3] : [1, 1, 2, 2, 3, 3]
    #expect(l.units(f) == expected)
    #expect(
      l.ties(of: "y", operand: 1).contains(
        Tie(node: "y", operand: 1, axis: 0, role: .consumer, units: expected)))
    #expect(l.units(y) == [4, 5])
  }

  @Test func `a vector that becomes a point keeps its channels`() throws {
    var d = Drawing()
    let a = try d.onnx("Gemm", [d.input([2]), d.weight([2, 3])], name: "a")
    let last = try d.onnx("Reshape", [a, d.numbers([0, 1, 1, 3], "s")], name: "last")
    let first = try d.onnx("Reshape", [last, d.numbers([0, 3, 1, 1], "t")], name: "first")
    let l = Labelling(d)
    #expect(l.units(last, axis: 3) == [1, 2, 3])
    #expect(l.units(first) == [1, 2, 3])
  }

  @Test func `slices of channels take their labels, in steps too`() throws {
    var d = Drawing()
    let x = d.input([2, 4, 4])
    let a = try d.conv(x, "a", 4)
    let part = try d.onnx(
      "Slice", [a, d.numbers([1], "s"), d.numbers([3], "e"), d.numbers([1], "x1")], name: "part")
    let b = try d.conv(x, "b", 4)
    let steps = try d.onnx(
      "Slice",
      [b, d.numbers([0], "s2"), d.numbers([4], "e2"), d.numbers([1], "x2"), d.numbers([2], "st")],
      name: "steps")
    let rows = try d.onnx(
      "Slice", [a, d.numbers([0], "s3"), d.numbers([2], "e3"), d.numbers([2], "x3")], name: "rows")
    let l = Labelling(d)
    #expect(l.units(part) == [2, 3])
    #expect(l.units(rows) == [1, 2, 3, 4])
    #expect(l.units(steps) == [5, 7])
    #expect(l.reasons.isEmpty)
  }

  @Test(arguments: [
    ("Softmax", "softmax is taken across its channels"),
    ("ReduceMean", "its channels are reduced to one number"),
  ])
  func `what mixes channels makes them stay and says why`(type: String, reason: String) throws {
    var d = Drawing()
    let x = d.input([2, 4, 4])
    let (a, b) = (try d.conv(x, "a", 3), try d.conv(x, "b", 3))
    let across: FormatObject = type == "Softmax" ? ["axis": 1] : ["axes": ints([1])]
    let along: FormatObject = type == "Softmax" ? ["axis": 3] : ["axes": ints([2, 3])]
    _ = try d.onnx(type, [a], across, name: "across")
    let kept = try d.onnx(type, [b], along, name: "along")
    let l = Labelling(d)
    #expect(l.units(a) == [0, 0, 0])
    #expect(l.units(b) == [4, 5, 6])
    #expect(l.units(kept) == [4, 5, 6])
    #expect(l.reasons == [reason])
  }

  @Test func `constants along the channels follow them`() throws {
    var d = Drawing()
    let a = try d.conv(d.input([2, 4, 4]), "a", 3)
    let p = try d.onnx("PRelu", [a, d.weight([3, 1, 1], "slope")], name: "p")
    let s = try d.onnx("Mul", [p, d.weight([1, 3, 4, 1], "scale")], name: "s")
    let n = try d.onnx(
      "BatchNormalization",
      [s, d.weight([3], "g"), d.weight([3], "b"), d.weight([3], "m"), d.weight([3], "v")],
      name: "n")
    let one = try d.onnx("Add", [n, d.weight([1], "one")], name: "one")
    let l = Labelling(d)
    #expect(l.units(one) == [1, 2, 3])
    #expect(
      l.ties(of: "p") == [
        Tie(node: "p", operand: 1, axis: 0, role: .follower, units: [1, 2, 3])
      ])
    #expect(
      l.ties(of: "s") == [
        Tie(node: "s", operand: 1, axis: 1, role: .follower, units: [1, 2, 3])
      ])
    #expect(
      l.ties(of: "n")
        == (1...4).map {
          Tie(node: "n", operand: $0, axis: 0, role: .follower, units: [1, 2, 3])
        })
    #expect(l.ties(of: "one").isEmpty)
    #expect(l.reasons.isEmpty)
  }

  @Test func `channels that padding adds may leave, those that it repeats may not`() throws {
    var d = Drawing()
    let x = d.input([2, 4, 4])
    let (a, b) = (try d.conv(x, "a", 3), try d.conv(x, "b", 3))
    let picture = try d.onnx(
      "Pad", [a, d.numbers([0, 0, 1, 1, 0, 0, 1, 1], "p")], name: "picture")
    let wider = try d.onnx(
      "Pad", [a, d.numbers([0, 1, 0, 0, 0, -1, 0, 0], "r")], name: "wider")
    _ = try d.onnx(
      "Pad", [b, d.numbers([0, 1, 0, 0, 0, 0, 0, 0], "q")], ["mode": "edge"], name: "channels")
    let l = Labelling(d)
    #expect(l.units(picture) == [1, 2, 3])
    #expect(l.units(wider) == [7, 1, 2])
    #expect(l.units(b) == [0, 0, 0])
    #expect(l.reasons == ["channels are added by padding"])
  }

  @Test func `pooling and resizing keep channels`() throws {
    var d = Drawing()
    let a = try d.conv(d.input([2, 4, 4]), "a", 3)
    let p = try d.onnx("MaxPool", [a], ["kernel_shape": ints([2, 2])], name: "p")
    let scales = d.graph.addConstant("scales", Tensor([1, 1, 2, 2], shape: [4]))
    let r = try d.onnx("Resize", [p, nil, scales], ["mode": "linear"], name: "r")
    let t = try d.onnx("ConvTranspose", [r, d.weight([3, 2, 1, 1], "k")], name: "t")
    let l = Labelling(d)
    #expect(l.units(r) == [1, 2, 3])
    #expect(l.units(t) == [4, 5])
    #expect(
      Set(l.ties(of: "t").map { "\($0.axis) \($0.role)" }) == ["0 consumer", "1 producer"])
  }
}
