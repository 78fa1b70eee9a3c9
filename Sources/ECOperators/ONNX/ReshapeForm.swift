import ECGraph

/// What an ONNX Reshape asks for, as extents after the batch and what becomes of the batch.
///
/// Source: ONNX Reshape 5-21. Extents may be such that only the run tells, as the batch.
struct ReshapeForm {
  private(set) var target: [Int] = []
  private(set) var batch = Ratio.one

  /// - Throws: `FormatError.unsupported` where the batch can't be told from the other axes.
  init(_ wanted: [Dimension], _ node: ONNXNode, _ type: ValueType) throws(FormatError) {
    let copies = node.int("allowzero", default: 0) == 0
    let unsupported = FormatError(.unsupported("Reshape mixes the batch with other axes"))
    guard let first = type.shape.first else { throw unsupported }
    for (k, extent) in wanted.enumerated().dropFirst() {
      let isCopy = extent == .fixed(0) && copies && k < type.rank
      guard let number = isCopy ? type.shape[k].value ?? -1 : extent.value else {
        throw unsupported
      }
      target.append(number)
    }
    let stated = target.filter { $0 >= 0 }.reduce(1) { $0.multipliedReportingOverflow(by: $1).0 }
    let isClosed = !target.contains { $0 < 0 }
    let row = type.fixedShapeAfterBatch.flatMap(boundedProduct)
    if wanted[0] == first || (wanted[0] == .fixed(0) && copies) { return }
    if wanted[0] == .fixed(-1) {
      guard isClosed, let row, row > 0, stated > 0 else { throw unsupported }
      batch = Ratio(row, stated)
    } else if let symbol = wanted[0].symbol, let own = first.symbol, symbol.name == own.name {
      batch = Ratio(symbol.factor, own.factor)
    } else if let count = wanted[0].value, let own = first.value, count > 0, own > 0 {
      batch = Ratio(count, own)
    } else {
      throw unsupported
    }
    guard first.scaled(by: batch) != nil else { throw unsupported }
    if !isClosed { try close(row, stated, unsupported) }
  }

  /// Puts a number for the extent that takes what the others leave.
  private mutating func close(_ row: Int?, _ stated: Int, _ unsupported: FormatError)
    throws(FormatError)
  {
    if batch == .one { return }
    guard let row, stated > 0, target.filter({ $0 < 0 }).count == 1,
      (row * batch.denominator) % (batch.numerator * stated) == 0
    else { throw unsupported }
    let open = row * batch.denominator / (batch.numerator * stated)
    target = target.map { $0 < 0 ? open : $0 }
  }
}
