/// Greedy column subset selection: each choice is the largest drop of the residual's trace.
///
/// O(k·n²), one pass over the upper triangle a choice, in double precision.
public enum ColumnSelection {
  /// Chooses `count` of the channels; `similarity` is `[order, order]`, symmetric.
  ///
  /// `ridge`, in mean diagonal elements, keeps channels without variance from being chosen.
  /// - Throws: `notFinite` where a diagonal element is not a number.
  public static func select(
    _ similarity: consuming [Double], order: Int, count: Int, ridge: Double = 1e-2
  ) throws(CentralityError) -> ChannelSelection {
    let trace = try checkedTrace(similarity, order: order)
    var matrix = similarity
    return matrix.withUnsafeMutableBufferPointer { matrix in
      guard let base = matrix.baseAddress, order > 0 else {
        return ChannelSelection(order: [], explained: [])
      }
      return select(
        ResidualPass(a: base, leading: order, order: order), min(max(0, count), order),
        floor: ridge * trace / Double(order), trace: trace)
    }
  }

  private static func select(
    _ pass: ResidualPass<Double>, _ count: Int, floor: Double, trace: Double
  ) -> ChannelSelection {
    let n = pass.order
    var isFree = [Bool](repeating: true, count: n)
    let ones = [Double](repeating: 1, count: n)
    var column = [Double](repeating: 0, count: n)
    var scaled = column
    var squares = column
    var chosen: [Int] = []
    var explained: [Double] = []
    for _ in 0..<count {
      update(pass, column, scaled, ones, &squares)
      var best = 0
      var largest = -Double.infinity
      for i in 0..<n where isFree[i] {
        let denominator = pass.a[i * n + i] + floor
        let gain = denominator > 0 ? squares[i] / denominator : 0
        if gain > largest { (best, largest) = (i, gain) }
      }
      chosen.append(best)
      isFree[best] = false
      let own = pass.a[best * n + best]
      var dropped = 0.0
      if own > 1e-8 * floor {
        column.withUnsafeMutableBufferPointer { column in
          if let base = column.baseAddress { pass.gather(best, into: base) }
        }
        for i in 0..<n { scaled[i] = column[i] / (own + floor) }
        dropped = squares[best] / (own + floor)
      } else {
        for i in 0..<n { scaled[i] = 0 }
      }
      explained.append(min(1, (explained.last ?? 0) + (trace > 0 ? dropped / trace : 0)))
    }
    return ChannelSelection(order: chosen, explained: explained)
  }

  private static func update(
    _ pass: ResidualPass<Double>, _ column: [Double], _ scaled: [Double], _ ones: [Double],
    _ squares: inout [Double]
  ) {
    column.withUnsafeBufferPointer { column in
      scaled.withUnsafeBufferPointer { scaled in
        ones.withUnsafeBufferPointer { ones in
          squares.withUnsafeMutableBufferPointer { squares in
            guard let column = column.baseAddress, let scaled = scaled.baseAddress,
              let ones = ones.baseAddress, let squares = squares.baseAddress
            else { return }
            pass.update(column: column, scaled: scaled, thenMultiplySquares: ones, into: squares)
          }
        }
      }
    }
  }
}
