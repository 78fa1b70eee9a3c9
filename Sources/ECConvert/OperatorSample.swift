import ECGraph
import ECTensor

/// Operands and attributes that a rule is tried on.
struct OperatorSample {
  /// The shapes of the activations without the batch: channels first for ONNX, last for Keras.
  var activations: [[Int]]
  /// The constants behind them.
  var constants: [Tensor?] = []
  /// The attributes, or the configuration.
  var attributes: FormatObject = [:]
  /// The arguments of the call of a Keras layer.
  var arguments: FormatObject = [:]
  /// The number of axes that a Keras kernel has for windows.
  var windowRank = 2
  /// The weights of a Keras layer whose extents its names don't tell.
  var weights: [String: Tensor] = [:]

  /// The version of the operator set that samples are of.
  static let opset = 22

  static func ones(_ shape: [Int]) -> Tensor {
    Tensor([Float](repeating: 1, count: shape.reduce(1, *)), shape: shape)
  }

  /// A weight of a Keras layer of four channels, by its name.
  func weight(_ name: String) -> Tensor {
    if let weight = weights[name] { return weight }
    let window = [Int](repeating: 3, count: windowRank)
    let point = [Int](repeating: 1, count: windowRank)
    switch name {
    case "kernel": return Self.ones(window + [4, 4])
    case "depthwise_kernel": return Self.ones(window + [4, 1])
    case "pointwise_kernel": return Self.ones(point + [4, 4])
    default: return Self.ones([4])
    }
  }

  private static let image = [4, 6, 6]
  private static let vector = ones([4])
  private static func whole(_ numbers: Int...) -> Tensor { Tensor(numbers, shape: [numbers.count]) }
  private static func ints(_ numbers: Int...) -> FormatValue { .list(numbers.map { .int($0) }) }

  /// The sample of an ONNX operator; most take one image.
  static func onnx(_ type: String) -> OperatorSample {
    onnxSamples[type] ?? OperatorSample(activations: [image])
  }

  private static func one(
    _ constants: [Tensor?] = [], _ attributes: FormatObject = [:]
  ) -> OperatorSample {
    OperatorSample(activations: [image], constants: constants, attributes: attributes)
  }

  private static let pair = OperatorSample(activations: [image, image])
  private static let kernel = ones([4, 4, 3, 3])
  private static let window: FormatObject = ["kernel_shape": ints(2, 2), "strides": ints(2, 2)]

  private static let onnxSamples: [String: OperatorSample] = [
    "Add": pair, "Sub": pair, "Mul": pair, "Div": pair, "Pow": pair, "Max": pair, "Min": pair,
    "Sum": pair, "Mean": pair, "Conv": one([kernel]), "ConvTranspose": one([kernel]),
    "Gemm": OperatorSample(activations: [[4]], constants: [ones([4, 4])]),
    "MatMul": OperatorSample(activations: [[4]], constants: [ones([4, 4])]),
    "BatchNormalization": one([vector, vector, vector, vector]),
    "InstanceNormalization": one([vector, vector]),
    "GroupNormalization": one([vector, vector], ["num_groups": .int(2)]),
    "LayerNormalization": OperatorSample(activations: [[4]], constants: [vector]),
    "RMSNormalization": OperatorSample(activations: [[4]], constants: [vector]),
    "LRN": one([], ["size": .int(3)]), "LpNormalization": one([], ["axis": .int(1)]),
    "MaxPool": one([], window), "AveragePool": one([], window), "LpPool": one([], window),
    "And": pair, "Equal": pair, "Greater": pair, "GreaterOrEqual": pair, "Less": pair,
    "LessOrEqual": pair, "Or": pair, "Xor": pair,
    "Where": OperatorSample(activations: [image, image, image]),
    "CumSum": one([Tensor([2], shape: [])]),
    "Einsum": one([ones([4, 4])], ["equation": .string("bchw,oc->bohw")]),
    "GatherND": OperatorSample(
      activations: [], constants: [ones([4, 6]), Tensor([0, 2], shape: [2, 1])]),
    "ConstantOfShape": OperatorSample(activations: [], constants: [whole(1, 4, 6, 6)]),
    "QuantizeLinear": one([Tensor(scalar: 0.5)]), "DequantizeLinear": one([Tensor(scalar: 0.5)]),
    "PRelu": one([ones([4, 1, 1])]), "Cast": one([], ["to": .int(10)]),
    "Softmax": one([], ["axis": .int(1)]), "LogSoftmax": one([], ["axis": .int(1)]),
    "Concat": OperatorSample(activations: [image, image], attributes: ["axis": .int(1)]),
    "Reshape": one([whole(0, -1)]), "Transpose": one([], ["perm": ints(0, 2, 3, 1)]),
    "Squeeze": OperatorSample(activations: [[4, 1, 1]], constants: [whole(2, 3)]),
    "Unsqueeze": one([whole(2)]), "Pad": one([whole(0, 0, 1, 1, 0, 0, 1, 1)]),
    "Slice": one([whole(0), whole(2), whole(1)]), "Split": one([whole(2, 2)], ["axis": .int(1)]),
    "Gather": one([whole(0, 2)], ["axis": .int(1)]), "Expand": one([whole(1, 4, 6, 6)]),
    "Tile": one([whole(1, 1, 2, 2)]), "DepthToSpace": one([], ["blocksize": .int(2)]),
    "SpaceToDepth": one([], ["blocksize": .int(2)]),
    "Resize": one(
      [nil, Tensor([1, 1, 2, 2] as [Float], shape: [4])],
      [
        "mode": .string("nearest"), "coordinate_transformation_mode": .string("asymmetric"),
        "nearest_mode": .string("floor"),
      ]),
    "Upsample": one([Tensor([1, 1, 2, 2] as [Float], shape: [4])], ["mode": .string("nearest")]),
  ].merging(
    ["L1", "L2", "Max", "Mean", "Min", "Prod", "Sum"].map {
      ("Reduce\($0)", one([whole(2, 3)], ["keepdims": .int(0)]))
    }, uniquingKeysWith: { first, _ in first })

  /// One configuration with all keys that layers can't be without; a layer reads its own.
  private static func config(_ rank: Int) -> FormatObject {
    [
      "units": .int(4), "filters": .int(4), "kernel_size": .int(3), "size": .int(2),
      "axis": .int(-1), "n": .int(2), "height": .int(3), "indices_or_sections": .int(2),
      "num_or_size_splits": .int(2), "width": .int(3), "scale": .float(0.5), "rate": .float(0.5),
      "use_bias": .bool(false),
      "groups": .int(1),
      "activation": .string("linear"), "target_shape": ints(-1), "axes": .int(1),
      "factor": .float(0.5),
      "dims": .list((1...max(rank, 1)).reversed().map { .int($0) }),
    ]
  }

  /// The samples of a Keras layer, in order; the first that it takes counts.
  static func keras(_ name: String) -> [OperatorSample] { kerasCalls[name] ?? keras }

  /// A call with positional arguments behind the one tensor.
  private static func call(_ shape: [Int], _ arguments: FormatValue...) -> [OperatorSample] {
    [OperatorSample(activations: [shape], arguments: ["args": .list([.string("@0")] + arguments)])]
  }

  private static let kerasCalls: [String: [OperatorSample]] = {
    let picture = [6, 6, 4]
    let edges: FormatValue = .list([ints(0, 0), ints(1, 1), ints(1, 1), ints(0, 0)])
    func slice(_ bounds: FormatObject) -> FormatValue { .object(bounds) }
    let calls: [([String], [OperatorSample])] = [
      (["op:Clip", "TFOpLambda:clip_by_value"], call(picture, .int(0), .int(6))),
      (["op:Resize", "TFOpLambda:image.resize"], call(picture, ints(3, 3))),
      (["op:Pad", "TFOpLambda:pad", "TFOpLambda:compat.v1.pad"], call(picture, edges)),
      (["op:Reshape", "TFOpLambda:reshape"], call(picture, ints(-1, 144))),
      (
        ["op:Squeeze", "TFOpLambda:squeeze", "TFOpLambda:compat.v1.squeeze"],
        call([1, 1, 4], ints(1, 2))
      ),
      (
        ["op:Transpose", "TFOpLambda:transpose", "TFOpLambda:compat.v1.transpose"],
        call(picture, ints(0, 3, 1, 2))
      ),
      (
        [
          "op:MaxPool", "TFOpLambda:nn.max_pool2d", "op:AveragePool", "TFOpLambda:nn.avg_pool2d",
        ], call(picture, .int(2), .int(2))
      ),
      (
        ["op:GetItem", "SlicingOpLambda:__operators__.getitem"],
        call(picture, .list([slice([:]), slice(["start": .int(1)])]))
      ),
    ]
    return Dictionary(
      uniqueKeysWithValues: (calls + layers).flatMap { names, samples in names.map { ($0, samples) }
      })
  }()

  /// Layers with weights of their own extents.
  private static let layers: [([String], [OperatorSample])] = {
    func layer(
      _ shapes: [[Int]], _ config: FormatObject, _ weights: [String: Tensor]
    ) -> [OperatorSample] {
      let tensors = shapes.indices.map { FormatValue.string("@\($0)") }
      return [
        OperatorSample(
          activations: shapes, attributes: config, arguments: ["args": .list(tensors)],
          weights: weights)
      ]
    }
    let window: FormatObject = ["kernel_size": .int(3), "use_bias": .bool(false)]
    let steps: FormatObject = ["units": .int(4), "use_bias": .bool(false)]
    let heads: FormatObject = ["num_heads": .int(2), "key_dim": .int(2), "use_bias": .bool(false)]
    let projections = ["query", "key", "value"].map { ("\($0)/kernel", ones([4, 2, 2])) }
    return [
      (["DepthwiseConv2D"], layer([[6, 6, 4]], window, ["kernel": ones([3, 3, 4, 1])])),
      (["DepthwiseConv1D"], layer([[6, 4]], window, ["kernel": ones([3, 4, 1])])),
      (
        ["MultiHeadAttention"],
        layer(
          [[6, 4], [6, 4]], heads,
          Dictionary(
            uniqueKeysWithValues: projections + [("attention_output/kernel", ones([2, 2, 4]))]))
      ),
      (
        ["TimeDistributed"],
        layer(
          [[3, 4]],
          ["layer": .object(["class_name": .string("Dense"), "config": .object(steps)])],
          ["kernel": ones([4, 4])])
      ),
    ]
  }()

  /// What Keras layers are tried on, in order: pictures, then sequences, vectors and volumes.
  static let keras: [OperatorSample] = [[6, 6, 4], [6, 4], [4], [6, 6, 6, 4]].flatMap { shape in
    [1, 2].map { count in
      let tensors = (0..<count).map { FormatValue.string("@\($0)") }
      return OperatorSample(
        activations: [[Int]](repeating: shape, count: count), attributes: config(shape.count),
        arguments: ["args": .list(tensors)], windowRank: shape.count - 1)
    }
  }
}
