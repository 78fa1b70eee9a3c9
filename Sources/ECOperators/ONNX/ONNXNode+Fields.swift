import ECGraph
import ECTensor

/// Typed access to a node's attributes and operands.
extension ONNXNode {
  /// Whole numbers under a name.
  func ints(_ key: String) -> [Int]? { attributes[key]?.ints }

  /// One whole number under a name.
  func int(_ key: String, default standard: Int) -> Int { attributes[key]?.int ?? standard }

  /// A number under a name.
  func float(_ key: String, default standard: Double) -> Float {
    Float(attributes[key]?.double ?? standard)
  }

  /// Text under a name.
  func string(_ key: String, default standard: String) -> String {
    attributes[key]?.string ?? standard
  }

  /// An operand that must be there.
  func operand(_ inputs: [ValueID?], _ position: Int) throws(FormatError) -> ValueID {
    guard position < inputs.count, let id = inputs[position] else {
      throw FormatError(.graph(GraphError(.missingOperand(position))))
    }
    return id
  }

  /// An axis counted from the first.
  func axis(_ axis: Int, rank: Int) throws(FormatError) -> Int {
    let result = axis < 0 ? axis + rank : axis
    guard result >= 0, result < rank else {
      throw FormatError(.badAttribute("axis", value: "\(axis)", expected: "an axis of \(rank)"))
    }
    return result
  }

  /// The window of a convolution or pooling.
  func geometry(size: [Int]) throws(FormatError) -> WindowGeometry {
    let rank = size.count
    let ones = [Int](repeating: 1, count: rank)
    let strides = ints("strides") ?? ones
    let dilations = ints("dilations") ?? ones
    guard strides.count == rank, dilations.count == rank else {
      throw FormatError(
        .badAttribute("strides", value: "\(strides)", expected: "\(rank) whole numbers"))
    }
    guard (size + strides + dilations).allSatisfy({ $0 >= 1 && $0 <= 1 << 20 }) else {
      throw FormatError(
        .badAttribute("strides", value: "\(strides)", expected: "numbers of at least 1"))
    }
    let padding: Padding
    switch string("auto_pad", default: "NOTSET") {
    case "SAME_UPPER": padding = .sameUpper
    case "SAME_LOWER": padding = .sameLower
    case "VALID": padding = .valid
    default:
      let pads = ints("pads") ?? [Int](repeating: 0, count: 2 * rank)
      guard pads.count == 2 * rank, pads.allSatisfy({ $0 >= 0 && $0 <= 1 << 20 }) else {
        throw FormatError(
          .badAttribute("pads", value: "\(pads)", expected: "\(2 * rank) whole numbers"))
      }
      padding = .explicit(begin: Array(pads[..<rank]), end: Array(pads[rank...]))
    }
    return WindowGeometry(
      size: size, strides: strides, dilations: dilations, padding: padding,
      ceil: int("ceil_mode", default: 0) != 0)
  }
}

extension ECGraph.Sketch {
  /// The elements of an operand that must be constant.
  func constant(_ inputs: [ValueID?], _ position: Int) throws(FormatError) -> Tensor? {
    guard position < inputs.count, let id = inputs[position] else { return nil }
    guard let tensor = graph.constant(id) else {
      throw FormatError(.graph(GraphError(.notConstant(operand: position))))
    }
    return tensor
  }

  /// The whole numbers of an operand that must be constant.
  func integers(_ inputs: [ValueID?], _ position: Int) throws(FormatError) -> [Int]? {
    try constant(inputs, position)?.integers()?.map {
      // Ends beyond every extent are written as the largest number there is.
      min(max($0, -Int(Int32.max)), Int(Int32.max))
    }
  }
}
