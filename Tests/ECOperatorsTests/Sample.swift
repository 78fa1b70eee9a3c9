import ECGraph
import ECTensor

/// A graph of one node of ONNX, its channels first.
struct Sample: Sendable, CustomStringConvertible {
  var name: String
  var graph: Graph

  var description: String { name }

  private init(
    _ type: String, _ shapes: [[Int]], _ constants: [Tensor?] = [],
    _ attributes: FormatObject = [:], label: String? = nil
  ) throws {
    name = label ?? type
    var drawing = Drawing()
    drawing.graph = Graph(name: "model")
    var inputs: [ValueID?] = []
    for (k, shape) in shapes.enumerated() { inputs.append(drawing.input(shape, "x\(k)")) }
    for (k, constant) in constants.enumerated() {
      inputs.append(constant.map { drawing.graph.addConstant("c\(k)", $0) })
    }
    let y = try drawing.onnx(type, inputs, attributes)
    drawing.graph.addOutput(y)
    graph = drawing.graph
  }

  static func all() throws -> [Sample] {
    let image = [4, 6, 5]
    let vector = random([4], seed: 3, in: 0.5...1.5)
    var samples = [
      try Sample(
        "Conv", [image], [random([3, 4, 3, 3]), random([3])],
        ["strides": ints([2, 1]), "pads": ints([1, 0, 1, 2])]),
      try Sample("Conv", [image], [random([6, 2, 2, 2])], ["group": 2], label: "grouped Conv"),
      try Sample("Conv", [image], [random([8, 1, 2, 2])], ["group": 4], label: "depthwise Conv"),
      try Sample(
        "Conv", [image], [random([3, 4, 2, 2])], ["dilations": ints([2, 2])], label: "dilated Conv"),
      try Sample("Conv", [[4, 7]], [random([3, 4, 2])], label: "Conv of a series"),
      try Sample(
        "ConvTranspose", [image], [random([4, 3, 2, 3]), random([3])],
        ["strides": ints([2, 2]), "output_padding": ints([1, 0])]),
      try Sample("Gemm", [[4]], [random([4, 3]), random([3])]),
      try Sample("MatMul", [[5, 4]], [random([4, 3])]),
      try Sample(
        "BatchNormalization", [image], [vector, random([4]), random([4], seed: 2), vector],
        ["epsilon": .float(0.01)]),
      try Sample(
        "MaxPool", [image], [],
        ["kernel_shape": ints([3, 2]), "strides": ints([2, 2]), "ceil_mode": 1]),
      try Sample(
        "AveragePool", [image], [], ["kernel_shape": ints([3, 3]), "pads": ints([1, 1, 1, 1])]),
      try Sample(
        "AveragePool", [image], [],
        [
          "kernel_shape": ints([3, 3]), "pads": ints([1, 1, 1, 1]), "count_include_pad": 1,
        ], label: "counting AveragePool"),
      try Sample("GlobalAveragePool", [image]), try Sample("GlobalMaxPool", [image]),
      try Sample("PRelu", [image], [random([4, 1, 1])]),
      try Sample("Softmax", [image], [], ["axis": 1]),
      try Sample("LogSoftmax", [[5]], [], ["axis": -1]),
      try Sample("Concat", [image, [2, 6, 5]], [], ["axis": 1]),
      try Sample("Flatten", [image]), try Sample("Reshape", [image], [whole([0, 2, -1])]),
      try Sample("Transpose", [image], [], ["perm": ints([0, 2, 3, 1])]),
      try Sample("Pad", [image], [whole([0, 0, 1, 2, 0, 1, 0, 0]), Tensor(scalar: 0.5)]),
      try Sample(
        "Slice", [image], [whole([1, -1]), whole([3, -6]), whole([1, 3]), whole([1, -2])]),
      try Sample(
        "Resize", [image], [nil, Tensor([1, 1, 2, 3], shape: [4])],
        [
          "mode": "nearest", "coordinate_transformation_mode": "asymmetric",
          "nearest_mode": "floor",
        ]),
      try Sample("Resize", [image], [nil, Tensor([1, 1, 2, 2], shape: [4])], ["mode": "linear"]),
      try Sample(
        "ConvTranspose", [image], [random([4, 2, 2, 2])], ["group": 2],
        label: "ConvTranspose in groups"),
      try Sample("Gemm", [[4]], [random([3, 4]), random([3])], ["transB": 1], label: "transB"),
      try Sample("MatMul", [[2, 5, 4], [2, 4, 3]], label: "MatMul of two"),
      try Sample("Split", [image], [whole([1, 3])], ["axis": 1]),
      try Sample("Gather", [image], [whole([3, 0, 3])], ["axis": 1]),
      try Sample("Gather", [image], [Tensor([-2], shape: [])], ["axis": 2], label: "one of Gather"),
      try Sample("Expand", [[4, 1, 5]], [whole([1, 4, 3, 1])]),
      try Sample("Tile", [image], [whole([1, 2, 1, 3])]),
      try Sample("DepthToSpace", [image], [], ["blocksize": 2]),
      try Sample("DepthToSpace", [image], [], ["blocksize": 2, "mode": "CRD"], label: "CRD"),
      try Sample("SpaceToDepth", [[3, 4, 6]], [], ["blocksize": 2]),
      try Sample("Reshape", [image], [whole([-1, 2, 6, 5])], label: "Reshape of the batch"),
      try Sample(
        "Pad", [image], [whole([0, 0, 1, 2, 0, 0, 0, 1])], ["mode": "reflect"],
        label: "mirrored Pad"),
      try Sample("LayerNormalization", [image], [random([5]), random([5])]),
      try Sample("LayerNormalization", [image], [random([6, 5])], ["axis": -2], label: "two axes"),
      try Sample("InstanceNormalization", [image], [vector, random([4])]),
      try Sample("LRN", [image], [], ["size": 3]),
      try Sample("Clip", [image], [Tensor(scalar: -0.5), Tensor(scalar: 0.25)]),
      try Sample("Clip", [image], [nil, Tensor(scalar: 0.25)], label: "Clip without a floor"),
      try Sample("Shrink", [image], [], ["lambd": .float(0.25), "bias": .float(0.25)]),
      try Sample("Shrink", [image], [], ["lambd": .float(0.25)], label: "hard Shrink"),
      try Sample("Selu", [image]),
      try Sample("LeakyRelu", [image], [], ["alpha": .float(0.25)]),
      try Sample("Gelu", [image], [], ["approximate": "tanh"]),
    ]
    for type in [
      "Relu", "Sigmoid", "Tanh", "Elu", "Celu", "HardSigmoid", "HardSwish", "Mish", "Softplus",
      "Softsign", "Gelu", "ThresholdedRelu", "Exp", "Abs", "Neg", "Erf", "Floor", "Ceil", "Round",
      "Sign", "Sin", "Cos",
    ] {
      samples.append(try Sample(type, [image]))
    }
    for type in ["Add", "Sub", "Mul", "Max", "Min"] {
      samples.append(try Sample(type, [image, [4, 1, 1]]))
      samples.append(
        try Sample(type, [image], [random([4, 1, 1])], label: "\(type) of a constant"))
    }
    for type in ["Mean", "Sum", "Max", "Min", "Prod", "L1", "L2"] {
      samples.append(try Sample("Reduce\(type)", [image], [], ["axes": ints([2]), "keepdims": 0]))
    }
    return samples
  }
}
