import Glibc

/// Combines two operands element by element where the library has no fast kernel for it.
struct BroadcastLoop {
  /// Axes from the slowest to the fastest, neighbours that can be walked as one joined.
  private var axes: [Axis]

  private struct Axis {
    var count: Int
    /// Steps in elements; 0 where an operand is broadcast.
    var a: Int
    var b: Int
    var output: Int
  }

  /// The operands have the result's shape, or one element along an axis; all are plain.
  init(_ a: Layout, _ b: Layout, _ output: Layout) {
    let dims = output.dims
    func steps(_ layout: Layout) -> [Int] {
      zip(layout.strides ?? [], zip(layout.dims, dims)).map { $1.0 == $1.1 ? $0 : 0 }
    }
    let (stepsA, stepsB, stepsOutput) = (steps(a), steps(b), steps(output))
    axes = []
    for axis in output.order ?? Array(dims.indices) where dims[axis] > 1 {
      let next = Axis(
        count: dims[axis], a: stepsA[axis], b: stepsB[axis], output: stepsOutput[axis])
      if let last = axes.last, last.a == next.a * next.count, last.b == next.b * next.count,
        last.output == next.output * next.count
      {
        axes[axes.count - 1] = Axis(
          count: last.count * next.count, a: next.a, b: next.b, output: next.output)
      } else {
        axes.append(next)
      }
    }
    if axes.isEmpty { axes = [Axis(count: 1, a: 1, b: 1, output: 1)] }
  }

  func run(
    _ kind: BinaryKind, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>,
    _ output: UnsafeMutablePointer<Float>
  ) {
    switch kind {
    case .add: walk(a, b, output) { $0 + $1 }
    case .subtract: walk(a, b, output) { $0 - $1 }
    case .multiply: walk(a, b, output) { $0 * $1 }
    case .divide: walk(a, b, output) { $0 / $1 }
    case .maximum: walk(a, b, output) { $0 > $1 ? $0 : $1 }
    case .minimum: walk(a, b, output) { $0 < $1 ? $0 : $1 }
    case .power: walk(a, b, output) { powf($0, $1) }
    }
  }

  @inline(__always)
  func walk(
    _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>,
    _ body: (Float, Float) -> Float
  ) {
    let inner = axes[axes.count - 1]
    let outer = axes.dropLast()
    var index = [Int](repeating: 0, count: outer.count)
    var (p, q, r) = (a, b, output)
    while true {
      // The usual steps are spelled out so that the compiler makes vectors of them.
      switch (inner.a, inner.b, inner.output) {
      case (1, 1, 1): for i in 0..<inner.count { r[i] = body(p[i], q[i]) }
      case (1, 0, 1):
        let right = q[0]
        for i in 0..<inner.count { r[i] = body(p[i], right) }
      case (0, 1, 1):
        let left = p[0]
        for i in 0..<inner.count { r[i] = body(left, q[i]) }
      default:
        for i in 0..<inner.count { r[i * inner.output] = body(p[i * inner.a], q[i * inner.b]) }
      }
      var level = outer.count - 1
      while level >= 0 {
        let axis = outer[level]
        index[level] += 1
        (p, q, r) = (p + axis.a, q + axis.b, r + axis.output)
        if index[level] < axis.count { break }
        index[level] = 0
        p -= axis.a * axis.count
        q -= axis.b * axis.count
        r -= axis.output * axis.count
        level -= 1
      }
      if level < 0 { return }
    }
  }
}

/// Pooling in row-major order for windows that the library refuses.
struct PoolingLoop {
  let kind: PoolingKind
  let window: Window
  let input: [Int]
  let output: [Int]

  func run(_ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>) {
    let (inputSize, positions) = (size(input), size(output))
    for position in 0..<positions {
      let (offsets, divisor) = window(at: position)
      for plane in 0..<input[0] * input[1] {
        let base = x + plane * inputSize
        let result: Float =
          switch kind {
          case .max: offsets.reduce(-.infinity) { max($0, base[$1]) }
          default: offsets.isEmpty ? 0 : offsets.reduce(0) { $0 + base[$1] } / divisor
          }
        y[plane * positions + position] = result
      }
    }
  }

  /// Adds gradients up where their windows looked; `x` is read for a maximum only.
  func runBack(
    _ x: UnsafePointer<Float>, _ d: UnsafePointer<Float>, _ result: UnsafeMutablePointer<Float>
  ) {
    let (inputSize, positions) = (size(input), size(output))
    let planes = input[0] * input[1]
    result.update(repeating: 0, count: planes * inputSize)
    for position in 0..<positions {
      let (offsets, divisor) = window(at: position)
      for plane in 0..<planes {
        let (base, target) = (x + plane * inputSize, result + plane * inputSize)
        let gradient = d[plane * positions + position]
        if kind == .max {
          // The first of equal elements, as the library has it.
          guard var first = offsets.first else { continue }
          for offset in offsets where base[offset] > base[first] { first = offset }
          target[first] += gradient
        } else {
          for offset in offsets { target[offset] += gradient / divisor }
        }
      }
    }
  }

  private func size(_ dims: [Int]) -> Int { dims[2...].reduce(1, *) }

  /// The elements of a plane that a window sees, and by what their sum is divided for a mean.
  private func window(at position: Int) -> (offsets: [Int], divisor: Float) {
    let rank = input.count - 2
    let at = split(position, Array(output[2...]))
    var offsets: [Int] = []
    var counted = 0
    for element in 0..<window.size.reduce(1, *) {
      let inside = split(element, window.size)
      var (offset, isInImage, isInPadding) = (0, true, true)
      for axis in 0..<rank {
        let i =
          at[axis] * window.strides[axis] + inside[axis] * window.dilations[axis]
          - window.padsBegin[axis]
        let length = input[axis + 2]
        isInImage = isInImage && (0..<length).contains(i)
        isInPadding = isInPadding && i < length + window.padsEnd[axis]
        offset = offset * length + i
      }
      if isInImage { offsets.append(offset) }
      if isInPadding { counted += 1 }
    }
    return (offsets, Float(kind == .averageIncludingPadding ? counted : offsets.count))
  }

  private func split(_ position: Int, _ dims: [Int]) -> [Int] {
    var (rest, result) = (position, dims)
    for axis in dims.indices.reversed() {
      result[axis] = rest % dims[axis]
      rest /= dims[axis]
    }
    return result
  }
}
