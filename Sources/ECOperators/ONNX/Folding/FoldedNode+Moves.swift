import ECGraph
import ECTensor

/// Operators that move elements: the same for constants and for extents.
extension FoldedNode {
  func moved() -> KnownValue? {
    if case .tensor(let tensor) = operand(0)?.value { return moved(tensor).map { .tensor($0) } }
    return extents(0).flatMap { moved($0) }.map { known($0) }
  }

  private func moved<A: MovableArray>(_ x: A) -> A? {
    switch node.type {
    case "Reshape": reshaped(x)
    case "Flatten": flattened(x)
    case "Squeeze": squeezed(x)
    case "Unsqueeze": unsqueezed(x)
    case "Transpose": transposed(x)
    case "Gather": gathered(x)
    case "Slice": sliced(x)
    case "Expand": expanded(x)
    default: tiled(x)
    }
  }

  private func axis(_ axis: Int, _ rank: Int) -> Int? {
    let result = axis < 0 ? axis + rank : axis
    return result >= 0 && result < rank ? result : nil
  }

  private func axes(_ given: [Int], _ rank: Int) -> [Int]? {
    let axes = given.compactMap { axis($0, rank) }
    return axes.count == given.count && Set(axes).count == axes.count ? axes.sorted() : nil
  }

  private func reshaped<A: MovableArray>(_ x: A) -> A? {
    guard let wanted = node.ints("shape") ?? integers(1) else { return nil }
    let copies = node.int("allowzero", default: 0) == 0
    var target = wanted.enumerated().map { k, extent in
      extent == 0 && copies ? (k < x.shape.count ? x.shape[k] : -2) : extent
    }
    let count = x.shape.reduce(1, *)
    if let open = target.firstIndex(of: -1) {
      target[open] = 1
      guard let stated = boundedProduct(target), stated > 0, count % stated == 0 else {
        return nil
      }
      target[open] = count / stated
    }
    guard target.allSatisfy({ $0 >= 0 }), boundedProduct(target) == count else { return nil }
    return x.reshaped(target)
  }

  private func flattened<A: MovableArray>(_ x: A) -> A? {
    let axis = node.int("axis", default: 1)
    let split = axis < 0 ? axis + x.shape.count : axis
    guard split >= 0, split <= x.shape.count else { return nil }
    return x.reshaped([x.shape[..<split].reduce(1, *), x.shape[split...].reduce(1, *)])
  }

  private func squeezed<A: MovableArray>(_ x: A) -> A? {
    let all = x.shape.indices.filter { x.shape[$0] == 1 }
    guard let axes = axes(integers("axes", operand: 1) ?? all, x.shape.count),
      axes.allSatisfy({ x.shape[$0] == 1 })
    else { return nil }
    return x.reshaped(x.shape.indices.filter { !axes.contains($0) }.map { x.shape[$0] })
  }

  private func unsqueezed<A: MovableArray>(_ x: A) -> A? {
    guard let given = integers("axes", operand: 1),
      let axes = axes(given, x.shape.count + given.count)
    else { return nil }
    var shape = x.shape
    for axis in axes { shape.insert(1, at: axis) }
    return x.reshaped(shape)
  }

  private func transposed<A: MovableArray>(_ x: A) -> A? {
    let order = node.ints("perm") ?? x.shape.indices.reversed()
    return order.sorted() == Array(x.shape.indices) ? x.permuted(order) : nil
  }

  private func gathered<A: MovableArray>(_ x: A) -> A? {
    guard let axis = axis(node.int("axis", default: 0), x.shape.count),
      let indices = tensor(1), let positions = indices.integers()
    else { return nil }
    let found = positions.compactMap { self.axis($0, x.shape[axis]) }
    guard found.count == positions.count else { return nil }
    var shape = x.shape
    shape.replaceSubrange(axis...axis, with: indices.shape)
    return x.gathered(axis: axis, found).reshaped(shape)
  }

  private func sliced<A: MovableArray>(_ x: A) -> A? {
    guard let starts = integers("starts", operand: 1), let stops = integers("ends", operand: 2),
      starts.count == stops.count
    else { return nil }
    let given = operand(3) == nil && node.ints("axes") == nil
    guard let axes = given ? Array(starts.indices) : integers("axes", operand: 3) else {
      return nil
    }
    let ones = starts.map { _ in 1 }
    guard let steps = operand(4) == nil ? ones : integers(4), axes.count == starts.count,
      steps.count == starts.count
    else { return nil }
    var array = x
    for k in starts.indices {
      guard let axis = axis(axes[k], x.shape.count), steps[k] != 0 else { return nil }
      func clamped(_ position: Int) -> Int { min(max(position, -(1 << 40)), 1 << 40) }
      let range = Slice.Range(
        axis: axis, start: clamped(starts[k]), stop: clamped(stops[k]), step: clamped(steps[k]))
      array = array.gathered(axis: axis, Slice.positions(range, of: array.shape[axis]))
    }
    return array
  }

  private func expanded<A: MovableArray>(_ x: A) -> A? {
    guard let wanted = integers(1), let target = A.common([x.shape, wanted]),
      let count = boundedProduct(target), count <= FoldedNode.limit
    else { return nil }
    return x.broadcast(to: target)
  }

  private func tiled<A: MovableArray>(_ x: A) -> A? {
    guard let repeats = integers(1), repeats.count == x.shape.count,
      repeats.allSatisfy({ $0 >= 0 }), let count = boundedProduct(x.shape + repeats),
      count <= FoldedNode.limit
    else { return nil }
    var array = x
    for (axis, times) in repeats.enumerated() where times != 1 {
      let once = Array(0..<array.shape[axis])
      array = array.gathered(axis: axis, (0..<times).flatMap { _ in once })
    }
    return array
  }

  // MARK: Several operands or results

  func split() -> [KnownValue]? {
    if case .tensor(let tensor) = operand(0)?.value {
      return parts(tensor)?.map { .tensor($0) }
    }
    return extents(0).flatMap { parts($0) }?.map { known($0) }
  }

  private func parts<A: MovableArray>(_ x: A) -> [A]? {
    guard let axis = axis(node.int("axis", default: 0), x.shape.count) else { return nil }
    let extent = x.shape[axis]
    let count = node.ints("num_outputs")?.first ?? node.outputCount
    guard count > 0 else { return nil }
    let each = (extent + count - 1) / count
    let even = (0..<count).map { min(each, extent - min(extent, $0 * each)) }
    guard let sizes = operand(1) == nil ? node.ints("split") ?? even : integers(1),
      sizes.allSatisfy({ $0 >= 0 }), sizes.reduce(0, +) == extent
    else { return nil }
    var start = 0
    return sizes.map { size in
      defer { start += size }
      return x.gathered(axis: axis, Array(start..<(start + size)))
    }
  }

  func concatenated() -> KnownValue? {
    let rank = operand(0).flatMap { _ in extents(0)?.shape.count ?? tensor(0)?.shape.count }
    guard let rank, let axis = axis(node.int("axis", default: 0), rank) else { return nil }
    let wholes = operands.indices.compactMap { extents($0) }
    if wholes.count == operands.count {
      guard fit(wholes.map(\.shape), axis) else { return nil }
      return known(.concatenated(wholes, axis: axis))
    }
    let tensors = operands.indices.compactMap { tensor($0) }
    guard tensors.count == operands.count, fit(tensors.map(\.shape), axis),
      Set(tensors.map(\.elementType)).count == 1,
      tensors.reduce(0, { $0 + $1.count }) <= FoldedNode.limit
    else { return nil }
    let parts = tensors.map { Elements($0.doubles(), shape: $0.shape) }
    let joined = Elements.concatenated(parts, axis: axis)
    return typed(joined.elements, joined.shape, like: 0)
  }

  private func fit(_ shapes: [[Int]], _ axis: Int) -> Bool {
    Set(
      shapes.map { shape in
        shape.enumerated().map { $0 == axis ? -1 : $1 }
      }
    ).count == 1
  }

  /// Source: ONNX ScatterND without a reduction.
  func scattered() -> KnownValue? {
    guard node.string("reduction", default: "none") == "none", let x = tensor(0),
      let indices = tensor(1), let positions = indices.integers(), let updates = tensor(2),
      let depth = indices.shape.last, depth <= x.shape.count, depth > 0,
      x.count <= FoldedNode.limit
    else { return nil }
    let row = x.shape[depth...].reduce(1, *)
    let places = positions.count / depth
    let new = updates.doubles()
    guard new.count == places * row else { return nil }
    var numbers = x.doubles()
    for place in 0..<places {
      var offset = 0
      for axis in 0..<depth {
        guard let position = self.axis(positions[place * depth + axis], x.shape[axis]) else {
          return nil
        }
        offset = offset * x.shape[axis] + position
      }
      for k in 0..<row { numbers[offset * row + k] = new[place * row + k] }
    }
    return typed(numbers, x.shape, like: 0)
  }
}
