public import ECTensor

/// The extent of an axis: a number, or a name for a number that is known only at run time.
public enum Dimension: Hashable, Sendable, CustomStringConvertible {
  case fixed(Int)
  case symbolic(String)

  /// The extent, where it is a number.
  public var value: Int? {
    if case .fixed(let n) = self { return n }
    return nil
  }

  public var description: String {
    switch self {
    case .fixed(let n): "\(n)"
    case .symbolic(let name): name.isEmpty ? "?" : name
    }
  }
}

extension Dimension: ExpressibleByIntegerLiteral {
  public init(integerLiteral value: Int) { self = .fixed(value) }
}

/// What is known of a value before anything runs: the type of its elements and its extents.
public struct ValueType: Hashable, Sendable, CustomStringConvertible {
  /// The type of the elements.
  public var elementType: ElementType
  /// The extents, outermost first; the batch is axis 0 of every activation.
  public var shape: [Dimension]

  /// Makes a type.
  public init(_ elementType: ElementType = .float32, _ shape: [Dimension]) {
    self.elementType = elementType
    self.shape = shape
  }

  /// The type of a tensor.
  public init(_ tensor: Tensor) {
    self.init(tensor.elementType, tensor.shape.map { .fixed($0) })
  }

  /// The number of axes.
  public var rank: Int { shape.count }

  /// The extents as numbers, where all but the first are.
  public var fixedShapeAfterBatch: [Int]? {
    let rest = shape.dropFirst().compactMap(\.value)
    return rest.count == max(0, shape.count - 1) ? rest : nil
  }

  public var description: String {
    "\(elementType.name)[\(shape.map(\.description).joined(separator: ", "))]"
  }
}

/// An edge of the graph: what a node makes, an input of the graph, or a constant (an initializer).
public struct Value: Sendable {
  /// The name, unique within the graph; from the source wherever it has one.
  public internal(set) var name: String
  /// The inferred type.
  public internal(set) var type: ValueType
  /// The elements, for an initializer.
  public internal(set) var constant: Tensor?
  /// The node that makes this value, if one does.
  public internal(set) var producer: NodeID?
}

/// One application of an operator.
public struct Node: Sendable {
  /// The id within its graph.
  public let id: NodeID
  /// The name, unique within the graph.
  public internal(set) var name: String
  /// What is computed.
  public internal(set) var op: any Operator
  /// The operands; `nil` where an optional one is absent.
  public internal(set) var inputs: [ValueID?]
  /// The results.
  public internal(set) var outputs: [ValueID]
  /// Where the node comes from: the layer or node of the source file, or the pass that made it.
  public internal(set) var origin: String
}
