public import ECGraph
import ECOperators
import ECTensor

/// Takes out conversions of numbers to the type that they have, and there and back.
///
///     a = Cast{int64}(x: int32)   y = Cast{int32}(a)      becomes      y = x
///
/// Holds after: outputs are the same to the last bit: a type between is skipped only if it holds every
/// number of the type before.
public struct CancelCasts: Pass {
  public let name = "cancel-casts"
  public let summary = "takes out conversions of types that change nothing"

  /// Makes the pass.
  public init() {}

  public func run(on graph: inout Graph) throws(PassError) -> PassReport {
    var changes = 0
    for node in graph.nodes {
      guard let cast = node.op as? Cast, let input = graph[node.id].inputs[0],
        let source = graph.lossless(behind: input, of: cast.elementType)
      else { continue }
      bypass(node.outputs[0], with: source, in: &graph)
      changes += 1
    }
    return PassReport(changes: changes)
  }
}

extension Graph {
  /// The nearest value of a type behind conversions that kept every number; this one too counts.
  fileprivate func lossless(behind value: ValueID, of type: ElementType) -> ValueID? {
    var value = value
    while self[value].type.elementType != type {
      guard let producer = self[value].producer, let cast = self[producer].op as? Cast,
        let input = self[producer].inputs[0],
        cast.elementType.holdsEvery(self[input].type.elementType)
      else { return nil }
      value = input
    }
    return value
  }
}

extension ElementType {
  /// Whether every number of another type is one of this type.
  fileprivate func holdsEvery(_ other: ElementType) -> Bool {
    if self == other { return true }
    return switch other {
    case .float16, .bfloat16: self == .float32 || self == .float64
    case .float32: self == .float64
    case .bool: self == .uint8 || self == .int32 || self == .int64 || self == .float32
    case .int8: self == .int16 || self == .int32 || self == .int64 || self == .float32
    case .uint8: self == .int16 || self == .int32 || self == .int64 || self == .float32
    case .int16, .uint16: self == .int32 || self == .int64 || self == .float32
    case .int32: self == .int64 || self == .float64
    default: false
    }
  }
}
