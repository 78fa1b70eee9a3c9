public import ECGraph
import ECHash
import ECTensor

/// A number of 64 bits that tells inputs of a computation apart, the same everywhere.
///
/// It guards caches against mistakes, not against malice.
public struct Fingerprint: Sendable {
  /// The number so far.
  public private(set) var value: UInt64 = 0

  /// Starts without anything.
  public init() {}

  /// Adds a number.
  public mutating func add(_ number: UInt64) {
    withUnsafeBytes(of: number.littleEndian) { add($0) }
  }

  /// Adds text.
  public mutating func add(_ text: String) {
    var text = text
    text.withUTF8 { bytes in add(UnsafeRawBufferPointer(bytes)) }
  }

  /// Adds bytes.
  public mutating func add(_ bytes: UnsafeRawBufferPointer) {
    value = ContentHash.chained(bytes, after: value)
  }

  /// Adds the operators, the wiring and all weights of a graph.
  public mutating func add(_ graph: Graph) {
    for node in graph.nodes {
      add(node.op.text)
      for input in node.inputs { add(UInt64(bitPattern: Int64(input?.index ?? -1))) }
    }
    for (id, tensor) in graph.initializers {
      add(UInt64(id.index))
      tensor.forEachPiece { add($0) }
    }
  }
}
