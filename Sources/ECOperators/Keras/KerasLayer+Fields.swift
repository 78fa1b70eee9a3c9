import ECGraph
import ECTensor

/// Typed access to a layer's configuration; every key may be missing in older files.
extension KerasLayer {
  /// Whole numbers under a key; one number is repeated `count` times.
  func ints(_ key: String, count: Int, default standard: Int) throws(FormatError) -> [Int] {
    guard let value = config[key], !value.isNull else {
      return [Int](repeating: standard, count: count)
    }
    guard let numbers = value.ints, numbers.count == count || numbers.count == 1 else {
      throw FormatError(
        .badAttribute(key, value: value.json(), expected: "\(count) whole numbers"))
    }
    guard numbers.allSatisfy({ $0.magnitude <= KerasLayer.largestNumber }) else {
      throw FormatError(.badAttribute(key, value: value.json(), expected: "sane numbers"))
    }
    return numbers.count == count ? numbers : [Int](repeating: numbers[0], count: count)
  }

  /// Whole numbers of at least 1 under a key.
  func counts(_ key: String, count: Int, default standard: Int) throws(FormatError) -> [Int] {
    let numbers = try ints(key, count: count, default: standard)
    guard numbers.allSatisfy({ $0 >= 1 }) else {
      throw FormatError(.badAttribute(key, value: "\(numbers)", expected: "numbers of at least 1"))
    }
    return numbers
  }

  /// No size in a configuration is larger; products of a few still fit a machine word.
  static let largestNumber: UInt = 1 << 20

  /// One whole number under a key.
  func int(_ key: String, default standard: Int? = nil) throws(FormatError) -> Int {
    guard let value = config[key], !value.isNull else {
      if let standard { return standard }
      throw FormatError(.missingAttribute(key))
    }
    guard let number = value.int, number.magnitude <= KerasLayer.largestNumber else {
      throw FormatError(.badAttribute(key, value: value.json(), expected: "a whole number"))
    }
    return number
  }

  /// A number under a key; numpy scalars written as objects count.
  func double(_ key: String, default standard: Double) throws(FormatError) -> Double {
    guard let value = config[key], !value.isNull else { return standard }
    if let number = value.double { return number }
    if let number = value.object?["config"]?.object?["value"]?.double { return number }
    throw FormatError(.badAttribute(key, value: value.json(), expected: "a number"))
  }

  /// A number that may be missing.
  func optionalDouble(_ key: String) throws(FormatError) -> Double? {
    guard let value = config[key], !value.isNull else { return nil }
    return try double(key, default: 0)
  }

  /// A truth value under a key.
  func bool(_ key: String, default standard: Bool) -> Bool { config[key]?.bool ?? standard }

  /// Text under a key.
  func string(_ key: String, default standard: String) -> String {
    config[key]?.string ?? standard
  }

  /// Where the channels of the layer's operands stand.
  var layout: ImageLayout {
    string("data_format", default: "channels_last") == "channels_first"
      ? .channelsFirst : .channelsLast
  }

  /// The padding of a window.
  func padding() throws(FormatError) -> Padding {
    switch string("padding", default: "valid") {
    case "valid": return .valid
    case "same": return .sameUpper
    case "causal":
      let size = try ints("kernel_size", count: 1, default: 1)
      let dilation = try ints("dilation_rate", count: 1, default: 1)
      return .explicit(begin: [(size[0] - 1) * dilation[0]], end: [0])
    case let other:
      throw FormatError(
        .badAttribute("padding", value: "'\(other)'", expected: "'valid' or 'same'"))
    }
  }

  /// The window of a convolution over so many picture axes.
  func convolutionGeometry(_ spatialRank: Int) throws(FormatError) -> WindowGeometry {
    WindowGeometry(
      size: try counts("kernel_size", count: spatialRank, default: 1),
      strides: try counts("strides", count: spatialRank, default: 1),
      dilations: try counts("dilation_rate", count: spatialRank, default: 1),
      padding: try padding())
  }

  /// Pairs before and after an axis, as in `padding` of ZeroPadding2D: an int, `[h, w]` or pairs.
  func pairs(_ key: String, count: Int) throws(FormatError) -> [(Int, Int)] {
    guard let value = config[key] else { return [(Int, Int)](repeating: (1, 1), count: count) }
    let numbers = value.flattened ?? []
    guard numbers.allSatisfy({ $0 >= 0 && $0 <= Double(KerasLayer.largestNumber) }) else {
      throw FormatError(.badAttribute(key, value: value.json(), expected: "\(count) pairs"))
    }
    if let number = value.int, value.list == nil {
      return [(Int, Int)](repeating: (number, number), count: count)
    }
    if let list = value.list {
      if let numbers = value.ints, count == 1, numbers.count == 2 {
        return [(numbers[0], numbers[1])]
      }
      if list.allSatisfy({ $0.list == nil }), let numbers = value.ints, numbers.count == count {
        return numbers.map { ($0, $0) }
      }
      let pairs = list.compactMap(\.ints)
      if pairs.count == count && pairs.allSatisfy({ $0.count == 2 }) {
        return pairs.map { ($0[0], $0[1]) }
      }
    }
    throw FormatError(.badAttribute(key, value: value.json(), expected: "\(count) pairs"))
  }

  /// An axis of a tensor of a rank, counted from the first; a list of one counts.
  func axis(_ key: String = "axis", rank: Int, default standard: Int = -1) throws(FormatError)
    -> Int
  {
    let value = try int(key, default: standard)
    let axis = value < 0 ? value + rank : value
    guard axis >= 0 && axis < rank else {
      throw FormatError(.badAttribute(key, value: "\(value)", expected: "an axis of \(rank)"))
    }
    return axis
  }

  /// A weight, which must have a shape; `nil` extents may be anything.
  func weight(_ name: String, _ aliases: String..., shape: [Int?]) throws(FormatError) -> Tensor {
    var found = weights[name]
    for alias in aliases where found == nil { found = weights[alias] }
    guard let tensor = found else { throw FormatError(.missingWeight(name)) }
    let isRight =
      tensor.shape.count == shape.count
      && zip(tensor.shape, shape).allSatisfy { $1 == nil || $0 == $1 }
    guard isRight else {
      let expected = shape.enumerated().map {
        $1 ?? (tensor.shape.count > $0 ? tensor.shape[$0] : 0)
      }
      throw FormatError(.weightShape(name, found: tensor.shape, expected: expected))
    }
    return tensor
  }
}

extension ECGraph.Sketch {
  /// The only operand of a layer.
  func single(_ inputs: [ValueID]) throws(FormatError) -> ValueID {
    guard inputs.count == 1 else {
      throw FormatError(.unsupported("the layer is called with \(inputs.count) inputs, expected 1"))
    }
    return inputs[0]
  }

  /// The only operand of a layer that takes images with so many picture axes.
  func image(_ inputs: [ValueID], spatialRank: Int) throws(FormatError) -> ValueID {
    let x = try single(inputs)
    let rank = type(of: x).rank
    guard rank == spatialRank + 2 else {
      throw FormatError(
        .graph(GraphError(.rank(operand: 0, expected: spatialRank + 2, found: rank))))
    }
    return x
  }

  /// Applies an operator that slides over the picture, with its one result.
  ///
  /// Signals and volumes with channels last are put channels first for it, since formats that put
  /// channels first have no other form for them; two such layers in a row share the order.
  mutating func window(
    _ x: ValueID, _ more: [ValueID?], _ layer: KerasLayer, spatialRank: Int, suffix: String = "",
    _ op: (ImageLayout) -> any Operator
  ) throws(FormatError) -> ValueID {
    if spatialRank == 2 || layer.layout == .channelsFirst {
      return try one(op(layer.layout), [x] + more, suffix: suffix)
    }
    let picture = Array(1...spatialRank)
    let toFirst = [0, spatialRank + 1] + picture
    let toLast = [0] + picture.map { $0 + 1 } + [1]
    let prefix = suffix.isEmpty ? "" : suffix + "_"
    var first = x
    if let producer = graph[x].producer, let turn = graph[producer].op as? Transpose,
      turn.order == toLast, let source = graph[producer].inputs[0]
    {
      first = source
    } else {
      first = try one(Transpose(order: toFirst), [x], suffix: "\(prefix)operand")
    }
    let y = try one(op(.channelsFirst), [first] + more, suffix: "\(prefix)channels_first")
    return try one(Transpose(order: toLast), [y], suffix: suffix)
  }

  /// Applies an operator with one result.
  mutating func one(_ op: any Operator, _ inputs: [ValueID?], suffix: String = "")
    throws(FormatError) -> ValueID
  {
    try apply(op, inputs, suffix: suffix)[0]
  }
}
