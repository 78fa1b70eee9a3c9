public import ECTensor
public import OrderedCollections

/// A neutral attribute value: what JSON configurations and ONNX attributes can hold.
public enum FormatValue: Sendable {
  case null
  case bool(Bool)
  case int(Int)
  case float(Double)
  case string(String)
  case list([FormatValue])
  case object(FormatObject)
  case tensor(Tensor)

  /// The value as a whole number; floats that are whole count.
  public var int: Int? {
    switch self {
    case .int(let n): n
    case .bool(let b): b ? 1 : 0
    case .float(let x): Int(exactly: x)
    case .list(let items) where items.count == 1: items[0].int
    default: nil
    }
  }

  /// The value as a number.
  public var double: Double? {
    switch self {
    case .int(let n): Double(n)
    case .float(let x): x
    default: nil
    }
  }

  /// The value as a truth value.
  public var bool: Bool? {
    switch self {
    case .bool(let b): b
    case .int(let n): n != 0
    default: nil
    }
  }

  /// The value as text.
  public var string: String? {
    if case .string(let s) = self { return s }
    return nil
  }

  /// The value as a list.
  public var list: [FormatValue]? {
    if case .list(let items) = self { return items }
    return nil
  }

  /// The value as an object.
  public var object: FormatObject? {
    if case .object(let o) = self { return o }
    return nil
  }

  /// The value as a tensor.
  public var tensor: Tensor? {
    if case .tensor(let t) = self { return t }
    return nil
  }

  /// The value as whole numbers: a list, or one number as a list of one.
  public var ints: [Int]? {
    if let list {
      let numbers = list.compactMap(\.int)
      return numbers.count == list.count ? numbers : nil
    }
    return int.map { [$0] }
  }

  /// The value as numbers: a list, or one number as a list of one.
  public var doubles: [Double]? {
    if let list {
      let numbers = list.compactMap(\.double)
      return numbers.count == list.count ? numbers : nil
    }
    return double.map { [$0] }
  }

  /// Whether there is nothing here.
  public var isNull: Bool {
    if case .null = self { return true }
    return false
  }
}

/// An object whose keys keep their order.
public typealias FormatObject = OrderedDictionary<String, FormatValue>
