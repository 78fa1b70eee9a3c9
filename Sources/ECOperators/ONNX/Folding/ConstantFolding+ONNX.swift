import ECGraph
import ECTensor

extension OperatorTable {
  /// Constants, and whole numbers made from extents, through the operators that exporters make them
  /// with: shape arithmetic, weights that are cast, moved, standardised or repeated.
  static let onnxFolding = ConstantFolding { node, operands in
    FoldedNode(node: node, operands: operands).results()
  }
}

/// One node whose results are computed on import.
///
/// Source: the operators of ai.onnx 7-24. Arithmetic is done in double and rounded once, that of
/// whole numbers exactly, with division towards zero.
struct FoldedNode {
  let node: ONNXNode
  let operands: [KnownOperand?]

  /// More elements than this aren't made from fewer: they belong to the run.
  static let limit = 1 << 24

  /// The results, or `nil`.
  func results() -> [KnownValue]? {
    switch node.type {
    case "Shape": shape().map { [$0] }
    case "Size": size().map { [$0] }
    case "Split": split()
    default: result().map { [$0] }
    }
  }

  private func result() -> KnownValue? {
    switch node.type {
    case "Reshape", "Squeeze", "Unsqueeze", "Flatten", "Transpose", "Gather", "Slice", "Expand",
      "Tile":
      moved()
    case "Concat": concatenated()
    case "ConstantOfShape": filled()
    case "Range": range()
    case "Cast": cast(to: node.ints("to")?.first)
    case "CastLike": cast(to: operand(1)?.type.map { Int($0.elementType.rawValue) })
    case "ReduceMean", "ReduceSum", "ReduceProd", "ReduceMax", "ReduceMin": reduced()
    case "BatchNormalization": standardised()
    case "DequantizeLinear": dequantized()
    case "Identity": identity()
    case "Where": chosen()
    case "Clip": clipped()
    case "ScatterND": scattered()
    default: computed()
    }
  }

  // MARK: Operands

  func operand(_ position: Int) -> KnownOperand? {
    position < operands.count ? operands[position] : nil
  }

  /// All elements of an operand.
  func tensor(_ position: Int) -> Tensor? {
    switch operand(position)?.value {
    case .tensor(let tensor): return tensor
    case .extents(let elements, let shape):
      let numbers = elements.compactMap { $0?.value }
      return numbers.count == elements.count ? Tensor(numbers, shape: shape) : nil
    case nil: return nil
    }
  }

  /// The whole numbers of an operand, as far as they are known.
  func extents(_ position: Int) -> Elements<Dimension?>? {
    switch operand(position)?.value {
    case .tensor(let tensor):
      guard tensor.count <= FoldedNode.limit, tensor.elementType != .bool else { return nil }
      return tensor.integers().map { Elements($0.map { .fixed($0) }, shape: tensor.shape) }
    case .extents(let elements, let shape): return Elements(elements, shape: shape)
    case nil: return nil
    }
  }

  /// The whole numbers of an operand that must all be plain.
  func integers(_ position: Int) -> [Int]? { tensor(position)?.integers() }

  /// An attribute that later became an operand.
  func integers(_ key: String, operand position: Int) -> [Int]? {
    node.ints(key) ?? integers(position)
  }

  func known(_ elements: Elements<Dimension?>) -> KnownValue {
    let numbers = elements.elements.compactMap { $0?.value }
    return numbers.count == elements.elements.count
      ? .tensor(Tensor(numbers, shape: elements.shape))
      : .extents(elements.elements, shape: elements.shape)
  }

  // MARK: Extents

  private func shape() -> KnownValue? {
    guard let type = operand(0)?.type ?? tensor(0).map({ ValueType($0) }), type.isKnown else {
      return nil
    }
    let rank = type.rank
    func position(_ key: String, _ standard: Int) -> Int {
      let given = node.int(key, default: standard)
      return min(max(given < 0 ? given + rank : given, 0), rank)
    }
    let (start, end) = (position("start", 0), position("end", rank))
    // An axis without a name is known to be like another one only where it is the batch.
    let extents = type.shape.enumerated().map { axis, extent -> Dimension? in
      extent.symbol?.name == "" && axis > 0 ? nil : extent
    }
    let part = start < end ? Array(extents[start..<end]) : []
    return known(Elements(part, shape: [part.count]))
  }

  /// Extents pass; constants don't, so that those of two names stay one.
  private func identity() -> KnownValue? {
    guard case .extents? = operand(0)?.value else { return nil }
    return operand(0)?.value
  }

  private func size() -> KnownValue? {
    guard let type = operand(0)?.type, type.isKnown else { return nil }
    var count: Dimension? = .fixed(1)
    for extent in type.shape { count = FoldedNode.product(count, extent) }
    return count.map { known(Elements([$0], shape: [])) }
  }

  private func range() -> KnownValue? {
    guard let start = integers(0)?.first, let limit = integers(1)?.first,
      let step = integers(2)?.first, step != 0,
      (limit - start) / step <= FoldedNode.limit
    else { return nil }
    let numbers = Array(stride(from: start, to: limit, by: step))
    return typed(numbers.map(Double.init), [numbers.count], like: 0)
  }

  private func filled() -> KnownValue? {
    guard let shape = integers(0), shape.allSatisfy({ $0 >= 0 }),
      let count = boundedProduct(shape), count <= FoldedNode.limit
    else { return nil }
    let value = node.attributes["value"]?.tensor ?? Tensor(scalar: 0)
    guard value.count == 1 else { return nil }
    return .tensor(
      value.reshaped([1]).gathered(axis: 0, [Int](repeating: 0, count: count)).reshaped(shape))
  }

  /// Numbers as elements of the type of an operand.
  func typed(_ numbers: [Double], _ shape: [Int], like position: Int) -> KnownValue? {
    guard let type = operand(position)?.type?.elementType ?? tensor(position)?.elementType else {
      return nil
    }
    return Tensor(numbers, type, shape: shape).map { .tensor($0) }
  }

  // MARK: Casts and quantised weights

  private func cast(to code: Int?) -> KnownValue? {
    guard let code, let type = Int32(exactly: code).flatMap(ElementType.init(rawValue:)) else {
      return nil
    }
    if type == .int64 || type == .int32, let elements = extents(0) { return known(elements) }
    guard let tensor = tensor(0) else { return nil }
    return tensor.converted(to: type).map { .tensor($0) }
  }

  private func dequantized() -> KnownValue? {
    guard let x = tensor(0), let numbers = x.integers(), let scales = tensor(1),
      scales.elementType == .float32, node.int("block_size", default: 0) == 0
    else { return nil }
    let zeros = tensor(2)?.integers() ?? [0]
    let factors = scales.floats()
    let axis = node.int("axis", default: 1) + (node.int("axis", default: 1) < 0 ? x.shape.count : 0)
    let isSingle = factors.count == 1
    guard isSingle || (x.shape.indices.contains(axis) && x.shape[axis] == factors.count),
      zeros.count == 1 || zeros.count == factors.count
    else { return nil }
    let inner = isSingle ? x.count : x.shape[(axis + 1)...].reduce(1, *)
    let result = numbers.indices.map { k -> Float in
      let channel = isSingle ? 0 : k / max(inner, 1) % factors.count
      return Float(numbers[k] - zeros[zeros.count == 1 ? 0 : channel]) * factors[channel]
    }
    let form = Quantization(
      x.elementType, axis: isSingle ? nil : axis, scales: factors,
      zeroPoints: zeros.count == factors.count
        ? zeros : [Int](repeating: zeros[0], count: factors.count),
      names: operands.map { $0?.name ?? "" })
    return .tensor(Tensor(result, shape: x.shape).quantized(as: form))
  }

  /// Batch normalization of a weight by its own statistics (weight standardisation).
  private func standardised() -> KnownValue? {
    guard node.int("training_mode", default: 0) == 1, let x = tensor(0), x.shape.count >= 2,
      let scale = tensor(1)?.floats(), let shift = tensor(2)?.floats(),
      scale.count == x.shape[1], shift.count == x.shape[1]
    else { return nil }
    let epsilon = node.attributes["epsilon"]?.double ?? 1e-5
    let (channels, inner) = (x.shape[1], x.shape[2...].reduce(1, *))
    var numbers = x.doubles()
    for c in 0..<channels {
      let positions = (0..<x.shape[0]).flatMap { n in
        (0..<inner).map { (n * channels + c) * inner + $0 }
      }
      let mean = positions.reduce(0) { $0 + numbers[$1] } / Double(positions.count)
      let variance =
        positions.reduce(0) { $0 + (numbers[$1] - mean) * (numbers[$1] - mean) }
        / Double(positions.count)
      let factor = Double(scale[c]) / (variance + epsilon).squareRoot()
      for k in positions { numbers[k] = (numbers[k] - mean) * factor + Double(shift[c]) }
    }
    return typed(numbers, x.shape, like: 0)
  }
}
