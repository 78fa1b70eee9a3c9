import ECGraph
import ECKernels

extension GraphLowering {
  func reshape(_ x: KernelValue, _ shape: [Int]) -> KernelValue {
    if shape == x.shape { return x }
    if let tensor = tensor(x), tensor.count == shape.reduce(1, *) {
      return constant(tensor.reshaped(shape))
    }
    let buffer = plain(x)
    return value(kernel { $0.reshape(buffer, shape) }, order: Array(shape.indices))
  }

  func transpose(_ x: KernelValue, _ order: [Int]) -> KernelValue {
    if let tensor = tensor(x) { return constant(tensor.permuted(order)) }
    let (buffer, own) = stored(x)
    return value(buffer, order: order.map { own[$0] })
  }

  func concat(_ parts: [KernelValue], axis: Int) -> KernelValue {
    guard let first = parts.first(where: { tensor($0) == nil }) ?? parts.first else {
      preconditionFailure("a concatenation has parts")
    }
    let order = stored(first).order
    let buffers = parts.map { arranged($0, order) }
    let place = order[axis < 0 ? axis + order.count : axis]
    return value(kernel { $0.concat(buffers, axis: place) }, order: order)
  }

  func slice(_ x: KernelValue, starts: [Int], counts: [Int], steps: [Int]) -> KernelValue {
    let (buffer, order) = stored(x)
    var (first, end, step) = (starts, counts, steps)
    for (axis, place) in order.enumerated() {
      first[place] = starts[axis]
      // The place one step of ±1 behind the last element taken.
      end[place] = starts[axis] + (counts[axis] - 1) * steps[axis] + steps[axis].signum()
      step[place] = steps[axis]
    }
    return value(kernel { $0.slice(buffer, starts: first, ends: end, steps: step) }, order: order)
  }

  func gather(_ x: KernelValue, axis: Int, positions: [Int]) -> KernelValue {
    let (buffer, order) = stored(x)
    let place = order[axis < 0 ? axis + order.count : axis]
    return value(kernel { $0.gather(buffer, axis: place, indices: positions) }, order: order)
  }

  func pad(_ x: KernelValue, begin: [Int], end: [Int], value filling: Float) -> KernelValue {
    let (buffer, order) = stored(x)
    var (before, behind) = (begin, end)
    for (axis, place) in order.enumerated() {
      (before[place], behind[place]) = (begin[axis], end[axis])
    }
    return value(
      kernel { $0.pad(buffer, begin: before, end: behind, mode: .constant(filling)) },
      order: order)
  }
}
