public import ECGraph
import ECTensor

extension Elementwise {
  public func kerasLayers(_ context: LayerContext) -> ExportedLayers? {
    switch (context.constant(0), context.constant(1)) {
    case (nil, nil): merging(context)
    case (nil, let constant?): rescaling(context, operand: 0, constant)
    case (let constant?, nil): rescaling(context, operand: 1, constant)
    default: nil
    }
  }

  /// A layer of two computed operands; Keras broadcasts like numpy where ranks are equal.
  private func merging(_ context: LayerContext) -> ExportedLayers? {
    guard let a = context.operands.types[0], let b = context.operands.types[1], a.rank == b.rank
    else { return nil }
    let className: String
    switch kind {
    case .add: className = "Add"
    case .subtract: className = "Subtract"
    case .multiply: className = "Multiply"
    case .maximum: className = "Maximum"
    case .minimum: className = "Minimum"
    case .divide, .power: return nil
    }
    return ExportedLayers(FormatLayer(className, inputs: [.operand(0), .operand(1)]))
  }

  /// Layers of one computed operand and a constant.
  ///
  /// Keras takes one number, or one for each position of the last axis. For a constant along other
  /// axes these are made the last one and back.
  private func rescaling(_ context: LayerContext, operand: Int, _ constant: Tensor)
    -> ExportedLayers?
  {
    guard let x = context.operands.types[operand], context.results[0].shape == x.shape,
      constant.count <= Elementwise.mostNumbers
    else { return nil }
    let numbers = constant.floats().map(Double.init)
    guard numbers.allSatisfy(\.isFinite) else { return nil }
    let c = Set(numbers).count == 1 ? [numbers[0]] : numbers
    var chain = LayerChain()
    chain.result = .operand(operand)
    let shape = [Int](repeating: 1, count: max(0, x.rank - constant.shape.count)) + constant.shape
    let varying = shape.indices.filter { shape[$0] > 1 }
    if c.count == 1 || varying == [x.rank - 1] {
      return combine(&chain, c, isLeft: operand == 1) ? chain.exported : nil
    }
    guard let extents = x.fixedShapeAfterBatch, !varying.contains(0) else { return nil }
    let order = (1..<x.rank).filter { !varying.contains($0) } + varying
    chain.permute(order)
    let moved = order.map { extents[$0 - 1] }
    let others = moved.dropLast(varying.count)
    if varying.count > 1 { chain.reshape(others + [c.count]) }
    guard combine(&chain, c, isLeft: operand == 1) else { return nil }
    if varying.count > 1 { chain.reshape(moved) }
    chain.permute((1..<x.rank).map { axis in (order.firstIndex(of: axis) ?? 0) + 1 })
    return chain.exported
  }

  /// A configuration with more numbers would be a store of weights.
  private static let mostNumbers = 1 << 16

  /// Joins the result so far with constants along its last axis.
  private func combine(_ chain: inout LayerChain, _ c: [Double], isLeft: Bool) -> Bool {
    switch kind {
    case .add: chain.rescale([1], c)
    case .subtract: chain.rescale([isLeft ? -1 : 1], isLeft ? c : c.map { -$0 })
    case .multiply: chain.rescale(c)
    case .divide:
      guard !isLeft, !c.contains(0) else { return false }
      chain.rescale(c.map { 1 / $0 })
    case .maximum:
      chain.rescale([1], c.map { -$0 }, suffix: "minus")
      chain.relu()
      chain.rescale([1], c)
    case .minimum:
      chain.rescale([-1], c, suffix: "minus")
      chain.relu()
      chain.rescale([-1], c)
    case .power:
      // A product of an operand with itself.
      guard !isLeft, c.count == 1, let count = Int(exactly: c[0]), (2...4).contains(count) else {
        return false
      }
      let factors = [LayerOperand](repeating: chain.result, count: count)
      chain.add("Multiply", on: factors, suffix: "power")
    }
    return true
  }
}
