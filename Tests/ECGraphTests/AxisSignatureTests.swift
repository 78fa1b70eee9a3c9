import ECGraph
import Testing

private func operands(_ shapes: [Dimension]?...) -> Operands {
  Operands(
    types: shapes.map { $0.map { ValueType(.float32, $0) } }, constants: shapes.map { _ in nil })
}

@Test func `letters bind to extents, symbolic ones included`() throws {
  let signature: AxisSignature = "n c h w, o c kh kw, o? -> n o h' w'"
  let bound = try signature.bind(
    operands([.symbolic("batch"), 3, 8, 8], [16, 3, 5, 5], nil))
  #expect(bound["n"] == .symbolic("batch"))
  #expect(bound["o"] == 16)
  #expect(bound["kw"] == 5)
}

@Test func `two extents for a letter are refused with both numbers`() {
  let signature: AxisSignature = "n c, c o -> n o"
  #expect(throws: GraphError(.axisDiffers(letter: "c", first: 48, second: 64))) {
    try signature.bind(operands([1, 48], [64, 10]))
  }
}

@Test func `ranks and missing operands are refused`() {
  let signature: AxisSignature = "n c, c o -> n o"
  #expect(throws: GraphError(.rank(operand: 0, expected: 2, found: 3))) {
    try signature.bind(operands([1, 2, 3], [3, 4]))
  }
  #expect(throws: GraphError(.missingOperand(1))) { try signature.bind(operands([1, 2], nil)) }
}

@Test func `the ellipsis stands for any number of axes`() throws {
  let signature: AxisSignature = "… i, i o -> … o"
  let spelled = signature.expanded(ranks: [4, 2])
  #expect(spelled.operands[0].letters.count == 4)
  #expect(spelled.results[0].letters.last == "o")
  #expect(spelled.results[0].letters.dropLast() == spelled.operands[0].letters.dropLast())
  #expect(try signature.bind(operands([2, 7, 5], [5, 9]))["o"] == 9)
}

@Test func `pinned and unit axes are told apart`() {
  let signature: AxisSignature = "n c! 1, c -> n c"
  #expect(signature.operands[0].pinned == ["c"])
  #expect(throws: GraphError(.axisDiffers(letter: "1", first: 1, second: 2))) {
    try signature.bind(operands([1, 4, 2], [4]))
  }
}
