public import ECGraph
import ECTensor

/// A number of 64 bits that tells inputs of a computation apart, the same everywhere.
///
/// It guards caches against mistakes, not against malice.
public struct Fingerprint: Sendable {
  /// The number so far.
  public private(set) var value: UInt64 = 0x9E37_79B9_7F4A_7C15

  /// Starts without anything.
  public init() {}

  /// Adds a number.
  public mutating func add(_ number: UInt64) {
    value = (value ^ number) &* 0xFF51_AFD7_ED55_8CCD
    value ^= value >> 32
  }

  /// Adds text.
  public mutating func add(_ text: String) {
    var text = text
    text.withUTF8 { bytes in add(UnsafeRawBufferPointer(bytes)) }
  }

  /// Adds bytes.
  public mutating func add(_ bytes: UnsafeRawBufferPointer) {
    let words = bytes.count / 8
    for k in 0..<words { add(bytes.loadUnaligned(fromByteOffset: k * 8, as: UInt64.self)) }
    var rest: UInt64 = 0
    for k in (words * 8)..<bytes.count { rest = rest << 8 | UInt64(bytes[k]) }
    add(rest)
    add(UInt64(bytes.count))
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
