import ECGraph
import ECTensor
import Glibc

/// Element-wise operators and reductions.
extension FoldedNode {
  func computed() -> KnownValue? {
    if let function = unary() {
      guard let x = tensor(0), x.count <= FoldedNode.limit else { return nil }
      return typed(x.doubles().map(function), x.shape, like: 0)
    }
    if operands.count == 1, let x = extents(0), let function = wholeUnary() {
      return known(Elements(x.elements.map { $0.flatMap(function) }, shape: x.shape))
    }
    guard operands.count == 2 else { return nil }
    if let function = wholeBinary(), let a = extents(0), let b = extents(1) {
      return pairs(a, b).map { a, b, shape in
        known(Elements(zip(a, b).map { function($0, $1) }, shape: shape))
      }
    }
    if let test = comparison() { return compared(test) }
    guard let function = binary(), let a = tensor(0), let b = tensor(1),
      a.elementType.isFloatingPoint
    else { return nil }
    let x = Elements(a.doubles(), shape: a.shape)
    let y = Elements(b.doubles(), shape: b.shape)
    return pairs(x, y).flatMap { a, b, shape in
      typed(zip(a, b).map { function($0, $1) }, shape, like: 0)
    }
  }

  /// The elements of two arrays that meet.
  private func pairs<E>(_ a: Elements<E>, _ b: Elements<E>) -> ([E], [E], [Int])? {
    guard let shape = Elements<E>.common([a.shape, b.shape]),
      let count = boundedProduct(shape), count <= FoldedNode.limit,
      let x = a.broadcast(to: shape), let y = b.broadcast(to: shape)
    else { return nil }
    return (x.elements, y.elements, shape)
  }

  // MARK: Whole numbers

  static func product(_ a: Dimension?, _ b: Dimension?) -> Dimension? {
    guard let a, let b else { return nil }
    if a == .fixed(0) || b == .fixed(0) { return .fixed(0) }
    let (number, other) = a.value.map { ($0, b) } ?? (b.value ?? 0, a)
    guard a.value != nil || b.value != nil else { return nil }
    if let value = other.value {
      let (result, overflows) = number.multipliedReportingOverflow(by: value)
      return overflows ? nil : .fixed(result)
    }
    return number > 0 ? other.scaled(by: Ratio(number, 1)) : nil
  }

  private static func quotient(_ a: Dimension?, _ b: Dimension?) -> Dimension? {
    guard let a, let b, b != .fixed(0) else { return nil }
    if a == b, a.symbol != nil { return .fixed(1) }
    guard let divisor = b.value else { return nil }
    if let value = a.value {
      return value == .min && divisor == -1 ? nil : .fixed(value / divisor)
    }
    return divisor > 0 ? a.scaled(by: Ratio(1, divisor)) : nil
  }

  private static func sum(_ a: Dimension?, _ b: Dimension?, _ sign: Int) -> Dimension? {
    guard let a, let b else { return nil }
    if b == .fixed(0) { return a }
    if let x = a.value, let y = b.value {
      let (result, overflows) =
        sign > 0 ? x.addingReportingOverflow(y) : x.subtractingReportingOverflow(y)
      return overflows ? nil : .fixed(result)
    }
    if sign > 0, a == .fixed(0) { return b }
    guard let x = a.symbol, let y = b.symbol, x.name == y.name else { return nil }
    let factor = x.factor + sign * y.factor
    return factor == 0 ? .fixed(0) : factor > 0 ? .times(factor, x.name) : nil
  }

  /// The remainder with the sign of the divisor, as Python has it.
  private static func remainder(_ a: Dimension?, _ b: Dimension?) -> Dimension? {
    guard let a, let divisor = b?.value, divisor > 0 else { return nil }
    if let value = a.value { return .fixed(((value % divisor) + divisor) % divisor) }
    return (a.symbol?.factor ?? 1) % divisor == 0 ? .fixed(0) : nil
  }

  /// Every extent is at least its factor.
  private static func larger(_ a: Dimension?, _ b: Dimension?) -> Dimension? {
    guard let a, let b else { return nil }
    if let x = a.value, let y = b.value { return .fixed(max(x, y)) }
    if a == b { return a }
    if let x = a.symbol, let y = b.value { return y <= x.factor ? a : nil }
    if let y = b.symbol, let x = a.value { return x <= y.factor ? b : nil }
    return nil
  }

  private static func smaller(_ a: Dimension?, _ b: Dimension?) -> Dimension? {
    guard let x = a?.value, let y = b?.value else { return nil }
    return .fixed(min(x, y))
  }

  private func wholeBinary() -> ((Dimension?, Dimension?) -> Dimension?)? {
    switch node.type {
    case "Add": return { FoldedNode.sum($0, $1, 1) }
    case "Sub": return { FoldedNode.sum($0, $1, -1) }
    case "Mul": return FoldedNode.product
    case "Div": return FoldedNode.quotient
    case "Mod" where node.int("fmod", default: 0) == 0: return FoldedNode.remainder
    case "Max": return FoldedNode.larger
    case "Min": return FoldedNode.smaller
    default: return nil
    }
  }

  private func wholeUnary() -> ((Dimension) -> Dimension?)? {
    switch node.type {
    case "Neg": return { extent in extent.value.map { .fixed(0 &- $0) } }
    case "Abs": return { extent in extent.value.map { .fixed(abs($0)) } ?? extent }
    case "Max", "Min": return { $0 }
    default: return nil
    }
  }

  // MARK: Comparisons

  private func comparison() -> ((Double, Double) -> Bool)? {
    switch node.type {
    case "Equal": return { $0 == $1 }
    case "Less": return { $0 < $1 }
    case "LessOrEqual": return { $0 <= $1 }
    case "Greater": return { $0 > $1 }
    case "GreaterOrEqual": return { $0 >= $1 }
    case "And": return { $0 != 0 && $1 != 0 }
    case "Or": return { $0 != 0 || $1 != 0 }
    default: return nil
    }
  }

  /// Extents are positive, so that they never equal 0 or less.
  private func compared(_ test: (Double, Double) -> Bool) -> KnownValue? {
    if let a = extents(0), let b = extents(1), let (x, y, shape) = pairs(a, b) {
      var flags: [Double] = []
      for (a, b) in zip(x, y) {
        guard let a, let b else { return nil }
        if let p = a.value, let q = b.value {
          flags.append(test(Double(p), Double(q)) ? 1 : 0)
        } else if a == b {
          flags.append(test(0, 0) ? 1 : 0)
        } else if let number = a.value ?? b.value, number <= 0 {
          flags.append(test(a.value == nil ? 1 : 0, b.value == nil ? 1 : 0) ? 1 : 0)
        } else {
          return nil
        }
      }
      return Tensor(flags, .bool, shape: shape).map { .tensor($0) }
    }
    guard let a = tensor(0), let b = tensor(1),
      let (x, y, shape) = pairs(
        Elements(a.doubles(), shape: a.shape), Elements(b.doubles(), shape: b.shape))
    else { return nil }
    let flags = zip(x, y).map { test($0, $1) ? 1.0 : 0 }
    return Tensor(flags, .bool, shape: shape).map { .tensor($0) }
  }

  func chosen() -> KnownValue? {
    guard let condition = tensor(0), let flags = condition.integers() else { return nil }
    let mask = Elements(flags, shape: condition.shape)
    if let a = extents(1), let b = extents(2), let (x, y, _) = pairs(a, b),
      let shape = Elements<Int>.common([mask.shape, a.shape, b.shape]),
      let m = mask.broadcast(to: shape), m.elements.count == x.count
    {
      let picked = m.elements.indices.map { m.elements[$0] != 0 ? x[$0] : y[$0] }
      return known(Elements(picked, shape: shape))
    }
    guard let a = tensor(1), let b = tensor(2),
      let shape = Elements<Int>.common([mask.shape, a.shape, b.shape]),
      let count = boundedProduct(shape), count <= FoldedNode.limit,
      let m = mask.broadcast(to: shape), let x = a.broadcast(to: shape)?.doubles(),
      let y = b.broadcast(to: shape)?.doubles()
    else { return nil }
    return typed(x.indices.map { m.elements[$0] != 0 ? x[$0] : y[$0] }, shape, like: 1)
  }

  // MARK: Numbers

  /// Bounds are attributes before opset 11 and operands since, each of which may be left out.
  func clipped() -> KnownValue? {
    guard let x = tensor(0), x.elementType.isFloatingPoint, x.count <= FoldedNode.limit else {
      return nil
    }
    var bounds: [Double?] = [node.attributes["min"]?.double, node.attributes["max"]?.double]
    for k in bounds.indices where operand(k + 1) != nil {
      guard let bound = tensor(k + 1)?.doubles().first else { return nil }
      bounds[k] = bound
    }
    let (low, high) = (bounds[0] ?? -.infinity, bounds[1] ?? .infinity)
    return typed(x.doubles().map { min(max($0, low), high) }, x.shape, like: 0)
  }

  private func unary() -> ((Double) -> Double)? {
    switch node.type {
    case "Sqrt": return { $0.squareRoot() }
    case "Reciprocal": return { 1 / $0 }
    case "Floor": return { $0.rounded(.down) }
    case "Ceil": return { $0.rounded(.up) }
    case "Round": return { $0.rounded(.toNearestOrEven) }
    case "Exp": return { exp($0) }
    case "Log": return { log($0) }
    case "Sin": return { sin($0) }
    case "Cos": return { cos($0) }
    case "Not": return { $0 == 0 ? 1 : 0 }
    case "Relu": return { max($0, 0) }
    case "Neg" where isFloatingPoint: return { -$0 }
    case "Abs" where isFloatingPoint: return { $0.magnitude }
    default: return nil
    }
  }

  private var isFloatingPoint: Bool { tensor(0)?.elementType.isFloatingPoint ?? false }

  private func binary() -> ((Double, Double) -> Double)? {
    switch node.type {
    case "Add": return { $0 + $1 }
    case "Sub": return { $0 - $1 }
    case "Mul": return { $0 * $1 }
    case "Div": return { $0 / $1 }
    case "Pow": return { pow($0, $1) }
    case "Max": return { max($0, $1) }
    case "Min": return { min($0, $1) }
    default: return nil
    }
  }

  // MARK: Reductions

  func reduced() -> KnownValue? {
    if node.type == "ReduceProd", let x = extents(0), operand(1) == nil,
      node.ints("axes") == nil
        || node.ints("axes") == [0] && x.shape.count == 1
    {
      let product = x.elements.reduce(.fixed(1)) { FoldedNode.product($0, $1) }
      let keeps = node.int("keepdims", default: 1) != 0
      return known(Elements([product], shape: keeps ? x.shape.map { _ in 1 } : []))
    }
    guard let x = tensor(0), x.count <= FoldedNode.limit, x.count > 0 else { return nil }
    let given = integers("axes", operand: 1) ?? []
    if given.isEmpty, node.int("noop_with_empty_axes", default: 0) != 0 { return .tensor(x) }
    let rank = x.shape.count
    let axes = given.isEmpty ? Array(0..<rank) : given.map { $0 < 0 ? $0 + rank : $0 }
    guard axes.allSatisfy({ $0 >= 0 && $0 < rank }) else { return nil }
    let kept = (0..<rank).filter { !axes.contains($0) }
    let inner = axes.map { x.shape[$0] }.reduce(1, *)
    let numbers = x.permuted(kept + Array(Set(axes)).sorted()).doubles()
    let rows = stride(from: 0, to: numbers.count, by: inner).map { start -> Double in
      let row = numbers[start..<(start + inner)]
      switch node.type {
      case "ReduceMean": return row.reduce(0, +) / Double(inner)
      case "ReduceSum": return row.reduce(0, +)
      case "ReduceProd": return row.reduce(1, *)
      case "ReduceMax": return row.max() ?? 0
      default: return row.min() ?? 0
      }
    }
    let keeps = node.int("keepdims", default: 1) != 0
    let shape =
      keeps ? (0..<rank).map { axes.contains($0) ? 1 : x.shape[$0] } : kept.map { x.shape[$0] }
    return typed(rows, shape, like: 0)
  }
}
