extension Lowering {
  /// All stages in one pass where the operand is plain, else one kernel of the library for each.
  mutating func lowerChain(_ node: Node, _ stages: [ChainStage]) throws(KernelError) {
    let lead = main(node.inputs[0])
    let constants = Array(node.inputs.dropFirst())
    if let loop = try chainLoop(stages, lead.layout, constants) {
      let output = isDying(lead.slot) ? lead : allocate(lead.layout)
      addLoop("constant chain", [lead, output]) { slots in
        loop.run(lead.floats(slots), output.floats(slots))
      }
      return try finish(node, output, isFused: false)
    }
    var (result, overwrite) = (lead, isDying(lead.slot))
    for (stage, constant) in zip(stages, constants) {
      result = try addBinary(
        stage.kind, result, overwrite: overwrite, constant, isSwapped: stage.isSwapped)
      overwrite = true
    }
    try finish(node, result, isFused: false)
  }

  private mutating func chainLoop(
    _ stages: [ChainStage], _ layout: Layout, _ constants: [Int]
  ) throws(KernelError) -> ChainLoop? {
    guard layout.isPlainDense else { return nil }
    var operands: [(layout: Layout, values: UnsafePointer<Float>)] = []
    for constant in constants {
      let placement = try obtainPlain(constant)
      guard case .constant(let values) = slots[placement.slot].kind else { return nil }
      let address = values.address + placement.offset
      let floats = UnsafePointer(address.assumingMemoryBound(to: Float.self))
      operands.append((placement.layout, floats))
    }
    return ChainLoop(stages, layout, operands)
  }
}
