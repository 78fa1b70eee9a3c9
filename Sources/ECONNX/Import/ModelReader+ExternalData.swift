import CONNX

/// Finds tensors in messages that are carried as bytes, which can't take another file's data along.
extension ModelReader {
  /// Fields of a message that hold other messages with tensors somewhere inside.
  private enum Kind {
    case node, attribute, graph, sparse, tensor

    /// The numbers of the fields, and what they hold.
    var parts: [UInt32: Kind] {
      switch self {
      case .node: [5: .attribute]
      case .attribute: [5: .tensor, 6: .graph, 10: .tensor, 11: .graph, 22: .sparse, 23: .sparse]
      case .graph: [1: .node, 5: .tensor, 15: .sparse]
      case .sparse: [1: .tensor, 2: .tensor]
      case .tensor: [:]
      }
    }
  }

  /// Whether an attribute, or a graph in it, has a tensor whose data lie in a file of their own.
  func hasExternalData(attribute range: Range<Int>) throws(ONNXError) -> Bool {
    try hasExternalData(range, .attribute)
  }

  /// Whether a tensor's data lie in a file of their own.
  func hasExternalData(tensor range: Range<Int>) throws(ONNXError) -> Bool {
    try hasExternalData(range, .tensor)
  }

  /// Nesting was limited by `WireCheck`, so that recursion ends.
  private func hasExternalData(_ range: Range<Int>, _ kind: Kind) throws(ONNXError) -> Bool {
    let parts = kind.parts
    var reader = WireReader(bytes, range)
    while let field = try reader.next() {
      if kind == .tensor {
        guard field.number == 14, field.kind == .varint else { continue }
        var value = WireReader(bytes, field.payload)
        if try value.varint() == ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL.rawValue {
          return true
        }
      } else if let part = parts[field.number], field.kind == .lengthDelimited {
        if try hasExternalData(field.payload, part) { return true }
      }
    }
    return false
  }
}
