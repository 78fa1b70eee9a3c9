public import ECTensor

/// The extent of an axis: a number, or a name for a number that is known only at run time.
public enum Dimension: Hashable, Sendable, CustomStringConvertible {
  case fixed(Int)
  case symbolic(String)
  /// So many times a number of a name: the windows of a batch of pictures. At least twice.
  case multiple(Int, of: String)

  /// The extent, where it is a number.
  public var value: Int? {
    if case .fixed(let n) = self { return n }
    return nil
  }

  /// How many times the number of a name, and the name; `nil` for a number.
  public var symbol: (factor: Int, name: String)? {
    switch self {
    case .fixed: nil
    case .symbolic(let name): (1, name)
    case .multiple(let factor, let name): (factor, name)
    }
  }

  /// `factor` times the number of a name.
  public static func times(_ factor: Int, _ name: String) -> Dimension {
    factor == 1 ? .symbolic(name) : .multiple(factor, of: name)
  }

  /// This extent times a fraction; `nil` where that isn't surely a whole number, or overflows.
  public func scaled(by ratio: Ratio) -> Dimension? {
    let factor = value ?? symbol?.factor ?? 1
    let (product, overflows) = factor.multipliedReportingOverflow(by: ratio.numerator)
    guard !overflows, product % ratio.denominator == 0 else { return nil }
    let quotient = product / ratio.denominator
    return symbol.map { .times(quotient, $0.name) } ?? .fixed(quotient)
  }

  public var description: String {
    switch self {
    case .fixed(let n): "\(n)"
    case .symbolic(let name): name.isEmpty ? "?" : name
    case .multiple(let factor, let name): "\(factor)·\(name.isEmpty ? "?" : name)"
    }
  }
}

/// A positive fraction in lowest terms, by which an axis grows or shrinks.
public struct Ratio: Hashable, Sendable {
  /// What is multiplied with.
  public let numerator: Int
  /// What is divided by.
  public let denominator: Int

  /// One.
  public static let one = Ratio(1, 1)

  /// Makes a fraction.
  /// - Precondition: both are positive.
  public init(_ numerator: Int, _ denominator: Int) {
    precondition(numerator > 0 && denominator > 0)
    var (a, b) = (numerator, denominator)
    while b != 0 { (a, b) = (b, a % b) }
    self.numerator = numerator / a
    self.denominator = denominator / a
  }

  /// The product of two fractions.
  public func times(_ other: Ratio) -> Ratio {
    Ratio(numerator * other.numerator, denominator * other.denominator)
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
  /// The type in the words of its format, where it isn't that of a tensor of known rank and element
  /// type; empty where nothing is known. Nothing else here counts then: such values are only carried.
  public let carried: [UInt8]?

  /// Makes a type.
  public init(_ elementType: ElementType = .float32, _ shape: [Dimension]) {
    self.elementType = elementType
    self.shape = shape
    carried = nil
  }

  /// The type of a value that is only carried; `bytes` say it in the words of its format.
  public init(carried bytes: [UInt8]) {
    elementType = .float32
    shape = []
    carried = bytes
  }

  /// Whether rank and element type are known.
  public var isKnown: Bool { carried == nil }

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
    if !isKnown { return "?" }
    return "\(elementType.name)[\(shape.map(\.description).joined(separator: ", "))]"
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
