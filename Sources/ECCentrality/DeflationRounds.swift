/// The state of `DeflatedCentrality` between rounds, on a similarity of mean diagonal 1.
struct DeflationRounds<S: MatrixScalar> {
  /// The chosen channels in order.
  private(set) var chosen: [Int] = []
  /// The share of the trace explained after each choice.
  private(set) var explained: [Double] = []

  private var pass: ResidualPass<S>
  private let link: S
  private let stopsEarly: Bool
  private let wholeTrace: Double
  private let floor = 1e-8
  /// What the arithmetic may leave of a diagonal element that is explained, relative to it.
  private let rounding: Double
  /// The diagonal at the start, by channel.
  private let diagonal: [Double]

  /// The channels still in the matrix, ascending, and what became of each.
  private var channels: [Int]
  private var isFree: [Bool]
  private var isDeflated: [Bool]
  private var deflatedCount = 0

  private var vector: [S]
  private var next: [S]
  /// The column to take out in the next pass, and the same divided by its pivot.
  private var column: [S]
  private var scaled: [S]
  private var hasPending = false

  init(_ a: UnsafeMutablePointer<S>, order: Int, link: Double, stopsEarly: Bool) {
    pass = ResidualPass(a: a, leading: order, order: order)
    rounding = 32 * S.ulpOfOne.wide
    diagonal = (0..<order).map { a[$0 * order + $0].wide }
    self.link = S(narrowing: link)
    self.stopsEarly = stopsEarly
    wholeTrace = max(diagonal.reduce(0, +), .leastNormalMagnitude)
    channels = Array(0..<order)
    isFree = [Bool](repeating: true, count: order)
    isDeflated = [Bool](repeating: false, count: order)
    vector = [S](repeating: 1, count: order)
    next = vector
    column = vector
    scaled = vector
  }

  /// Whether the chosen channels explain all others: what is left is rounding.
  ///
  /// A similarity taken on m samples has rank m at most, so that this comes early in wide layers.
  /// No element of a positive matrix is larger than its largest diagonal element.
  var isExhausted: Bool {
    for i in 0..<pass.order where isFree[i] {
      var own = pass.a[i * pass.leading + i].wide
      // A column to be taken out in the next pass.
      if hasPending { own -= column[i].wide * scaled[i].wide }
      if own > max(floor, rounding * diagonal[channels[i]]) { return false }
    }
    return true
  }

  /// One round: follows the eigenvector, chooses a channel and prepares its removal.
  mutating func choose() {
    compactIfWorthwhile()
    follow()
    guard let best = largestFree() else { return }
    chosen.append(channels[best])
    isFree[best] = false
    let pivot = pass.a[best * pass.leading + best].wide
    var gain = 0.0
    if pivot > floor {
      column.withUnsafeMutableBufferPointer { column in
        if let base = column.baseAddress { pass.gather(best, into: base) }
      }
      for i in 0..<pass.order {
        let value = column[i].wide
        gain += value * value / pivot
        scaled[i] = S(narrowing: value / pivot)
      }
      isDeflated[best] = true
      deflatedCount += 1
      hasPending = true
    }
    explained.append(min(1, (explained.last ?? 0) + gain / wholeTrace))
    for i in 0..<pass.order { vector[i] += S(narrowing: 1e-3) }
  }

  /// Chooses, without rounds, the free channels of the largest diagonal elements at the start.
  mutating func chooseLargest(_ count: Int) {
    let free = (0..<pass.order).filter { isFree[$0] }.map { channels[$0] }
    let ranked = free.sorted { (diagonal[$1], $0) < (diagonal[$0], $1) }
    chosen += ranked.prefix(count)
    explained += [Double](repeating: explained.last ?? 0, count: min(count, ranked.count))
  }

  private mutating func follow() {
    for step in 1...DeflatedCentrality.steps {
      multiply()
      var square = 0.0
      for i in 0..<pass.order {
        next[i] += link
        square += next[i].wide * next[i].wide
      }
      let factor = S(narrowing: 1 / square.squareRoot())
      var change = 0.0
      for i in 0..<pass.order {
        next[i] *= factor
        change = max(change, abs(next[i].wide - vector[i].wide))
      }
      swap(&vector, &next)
      let stepsLeft = DeflatedCentrality.steps - step
      if stopsEarly, stepsLeft > 0, isDecided(change: change, stepsLeft: stepsLeft) { return }
    }
  }

  private mutating func multiply() {
    let (pass, hasPending) = (pass, hasPending)
    vector.withUnsafeBufferPointer { x in
      next.withUnsafeMutableBufferPointer { y in
        column.withUnsafeBufferPointer { column in
          scaled.withUnsafeBufferPointer { scaled in
            guard let x = x.baseAddress, let y = y.baseAddress, let column = column.baseAddress,
              let scaled = scaled.baseAddress
            else { return }
            if hasPending {
              pass.update(column: column, scaled: scaled, thenMultiply: x, into: y)
            } else {
              pass.multiply(x, into: y)
            }
          }
        }
      }
    }
    self.hasPending = false
  }

  /// Whether the steps left can't move the largest free entry, nor the vector noticeably.
  ///
  /// A step changes the vector no more than the one before it, so `steps left · change` bounds the
  /// rest, of which a thousandth of the largest entry is left to the next round.
  private func isDecided(change: Double, stepsLeft: Int) -> Bool {
    let left = Double(stepsLeft) * change
    var (first, second) = (0.0, 0.0)
    var largest = 0.0
    for i in 0..<pass.order {
      let value = abs(vector[i].wide)
      largest = max(largest, value)
      guard isFree[i] else { continue }
      if value > first {
        (first, second) = (value, first)
      } else if value > second {
        second = value
      }
    }
    return left < 1e-3 * largest && first - second > 4 * left
  }

  private func largestFree() -> Int? {
    var best: Int?
    var largest = -1.0
    for i in 0..<pass.order where isFree[i] {
      let value = vector[i].wide * vector[i].wide
      if value > largest { (best, largest) = (i, value) }
    }
    return best
  }

  /// Drops the rows that deflation has emptied, once they are a sixteenth of the matrix.
  private mutating func compactIfWorthwhile() {
    guard deflatedCount >= 16, deflatedCount * 16 >= pass.order else { return }
    let positions = (0..<pass.order).filter { !isDeflated[$0] }
    pass.compact(positions)
    pass = ResidualPass(a: pass.a, leading: pass.leading, order: positions.count)
    channels = positions.map { channels[$0] }
    isFree = positions.map { isFree[$0] }
    isDeflated = [Bool](repeating: false, count: positions.count)
    vector = positions.map { vector[$0] }
    column = positions.map { column[$0] }
    scaled = positions.map { scaled[$0] }
    next = vector
    deflatedCount = 0
  }
}
