import Glibc

/// Applies functions of an element and a constant one after the other, a block at a time, so that the
/// block stays in the nearest cache.
struct ChainLoop {
  private let stages: [Stage]
  private let count: Int
  /// The elements in a block.
  private let blockCount: Int
  /// Whether a stage has one constant for each element of a block, the same in all blocks; otherwise
  /// it has one for each block, and blocks take turns.
  private let isPerElement: Bool

  private struct Stage {
    var function: ChainStage
    var values: [Float]
  }

  /// The longest pattern of constants that is repeated inside a block.
  private static let patternLimit = 1024
  /// The shortest block that is worth a turn of the loop over blocks.
  private static let runLimit = 32

  /// Gives nil where constants change neither in short patterns nor in long runs of the elements.
  ///
  /// - Parameters:
  ///   - layout: Plain and without gaps.
  ///   - constants: One for each stage, plain, with the layout's rank, read here only.
  init?(
    _ stages: [ChainStage], _ layout: Layout,
    _ constants: [(layout: Layout, values: UnsafePointer<Float>)]
  ) {
    let order = layout.order ?? []
    let dims = order.map { layout.dims[$0] }
    let steps = constants.map { constant in
      order.map { constant.layout.dims[$0] == 1 ? 0 : (constant.layout.strides ?? [])[$0] }
    }
    let varies = dims.indices.map { axis in
      dims[axis] > 1 && steps.contains { $0[axis] != 0 }
    }
    // Where the constants begin to change, and where they end to, from the slowest axis on.
    let first = varies.firstIndex(of: true) ?? dims.count
    let last = varies.lastIndex(of: true) ?? dims.count - 1
    let pattern = dims[first...].reduce(1, *)
    let run = dims[(last + 1)...].reduce(1, *)
    count = layout.count
    isPerElement = pattern <= Self.patternLimit
    guard isPerElement || run >= Self.runLimit else { return nil }
    let repeats = isPerElement ? max(1, Self.patternLimit / pattern) : 1
    blockCount = isPerElement ? pattern * repeats : run
    let axes = isPerElement ? first..<dims.count : first..<last + 1
    self.stages = zip(stages, zip(constants, steps)).map { stage, constant in
      let values = Self.expanded(constant.0.values, axes.map { (dims[$0], constant.1[$0]) })
      return Stage(
        function: stage, values: Array([[Float]](repeating: values, count: repeats).joined()))
    }
  }

  /// The constants for each element of some axes.
  private static func expanded(
    _ values: UnsafePointer<Float>, _ axes: [(count: Int, step: Int)]
  ) -> [Float] {
    var offsets = [0]
    for axis in axes {
      offsets = offsets.flatMap { offset in (0..<axis.count).map { offset + $0 * axis.step } }
    }
    return offsets.map { values[$0] }
  }

  /// The result may take the operand's memory.
  func run(_ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>) {
    for (turn, start) in stride(from: 0, to: count, by: blockCount).enumerated() {
      let size = min(blockCount, count - start)
      var source = x + start
      for stage in stages {
        apply(stage, turn, source, y + start, size)
        source = UnsafePointer(y + start)
      }
    }
  }

  private func apply(
    _ stage: Stage, _ turn: Int, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>,
    _ size: Int
  ) {
    stage.values.withUnsafeBufferPointer { values in
      guard let base = values.baseAddress else { return }
      if isPerElement {
        stage.function.apply(size, x, y) { base[$0] }
      } else {
        let value = base[turn % values.count]
        stage.function.apply(size, x, y) { _ in value }
      }
    }
  }
}

extension ChainStage {
  /// Applies the function to elements, each with the constant that a closure gives for it.
  @inline(__always)
  fileprivate func apply(
    _ count: Int, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>,
    _ constant: (Int) -> Float
  ) {
    @inline(__always) func each(_ body: (Float, Float) -> Float) {
      for i in 0..<count { y[i] = body(x[i], constant(i)) }
    }
    switch (kind, isSwapped) {
    case (.add, _): each { $0 + $1 }
    case (.subtract, false): each { $0 - $1 }
    case (.subtract, true): each { $1 - $0 }
    case (.multiply, _): each { $0 * $1 }
    case (.divide, false): each { $0 / $1 }
    case (.divide, true): each { $1 / $0 }
    case (.maximum, _): each { $0 > $1 ? $0 : $1 }
    case (.minimum, _): each { $0 < $1 ? $0 : $1 }
    case (.power, false): each { powf($0, $1) }
    case (.power, true): each { powf($1, $0) }
    }
  }
}
