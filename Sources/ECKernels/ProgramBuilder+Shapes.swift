extension ProgramBuilder {
  /// Gives the elements, taken in row-major order of the logical axes, another shape.
  public mutating func reshape(_ x: Buffer, _ dims: [Int]) -> Buffer {
    guard dims.reduce(1, *) == x.count else {
      return refuse(.dims(kernel: "reshape", found: x.dims, expected: dims), dims)
    }
    return dims == x.dims ? x : add(.reshape, [x], dims)
  }

  /// Reorders axes: axis `i` of the result is axis `permutation[i]` of `x`.
  public mutating func transpose(_ x: Buffer, _ permutation: [Int]) -> Buffer {
    guard permutation.sorted() == Array(x.dims.indices) else {
      return refuse(
        .parameter(kernel: "transpose", name: "permutation", value: permutation), x.dims)
    }
    if permutation == Array(x.dims.indices) { return x }
    return add(.transpose(permutation), [x], permutation.map { x.dims[$0] })
  }

  /// Joins buffers along an axis; negative axes count from the end.
  public mutating func concat(_ parts: [Buffer], axis: Int) -> Buffer {
    guard let first = parts.first else {
      return refuse(.operandCount(found: 0, expected: 1), [])
    }
    let real = axis < 0 ? axis + first.dims.count : axis
    guard first.dims.indices.contains(real) else {
      return refuse(.parameter(kernel: "concat", name: "axis", value: [axis]), first.dims)
    }
    var dims = first.dims
    for part in parts.dropFirst() {
      var expected = first.dims
      if part.dims.indices.contains(real) { expected[real] = part.dims[real] }
      guard part.dims == expected else {
        return refuse(.dims(kernel: "concat", found: part.dims, expected: expected), dims)
      }
      dims[real] += part.dims[real]
    }
    return parts.count == 1 ? first : add(.concat(axis: real), parts, dims)
  }

  /// Takes `x[start], x[start + step], …` along every axis, up to but without `end`.
  ///
  /// One entry for each axis. A step may be negative; its `end` may then be -1, which stands for
  /// the place before the first element. Starts and ends must be resolved and in range.
  public mutating func slice(
    _ x: Buffer, starts: [Int], ends: [Int], steps: [Int] = []
  ) -> Buffer {
    let rank = x.dims.count
    let steps = steps.isEmpty ? [Int](repeating: 1, count: rank) : steps
    guard starts.count == rank, ends.count == rank, steps.count == rank,
      steps.allSatisfy({ $0 != 0 }), zip(starts, x.dims).allSatisfy({ (0..<$1).contains($0) }),
      zip(ends, x.dims).allSatisfy({ (-1...$1).contains($0) })
    else {
      return refuse(.parameter(kernel: "slice", name: "starts", value: starts), x.dims)
    }
    var result = x
    var (first, forward, dims) = (starts, steps, x.dims)
    for axis in 0..<rank {
      let step = steps[axis]
      let room = ends[axis] - starts[axis] + step - step.signum()
      let count = max(0, room / step)
      dims[axis] = count
      // Strides can't say steps backwards, nor rows that reach into the next one.
      if step < 0 || (step > 1 && count * step > x.dims[axis]) {
        let indices = (0..<count).map { starts[axis] + $0 * step }
        result = gather(result, axis: axis, indices: indices)
        (first[axis], forward[axis]) = (0, 1)
      }
    }
    if dims == result.dims { return result }
    return add(.slice(starts: first, steps: forward), [result], dims)
  }

  /// Puts elements before and behind every axis; negative counts take elements away.
  ///
  /// A reflection reaches at most `length - 1` elements.
  public mutating func pad(
    _ x: Buffer, begin: [Int], end: [Int], mode: PaddingMode = .constant(0)
  ) -> Buffer {
    let rank = x.dims.count
    guard begin.count == rank, end.count == rank else {
      return refuse(.parameter(kernel: "pad", name: "begin", value: begin), x.dims)
    }
    let inner = slice(
      x, starts: begin.map { max(0, -$0) }, ends: zip(x.dims, end).map { $0 + min(0, $1) })
    let (before, behind) = (begin.map { max(0, $0) }, end.map { max(0, $0) })
    let dims = (0..<rank).map { inner.dims[$0] + before[$0] + behind[$0] }
    guard dims != inner.dims, failure == nil else { return inner }
    if case .constant(let value) = mode {
      return add(.pad(begin: before, value: value), [inner], dims)
    }
    var result = inner
    for axis in 0..<rank where before[axis] + behind[axis] > 0 {
      let last = inner.dims[axis] - 1
      let indices = (-before[axis]...last + behind[axis]).map { i in
        mode == .edge ? min(max(i, 0), last) : (i < 0 ? -i : (i > last ? 2 * last - i : i))
      }
      result = gather(result, axis: axis, indices: indices)
    }
    return result
  }

  /// Takes slices along an axis by fixed indices; negative axes and indices count from the end.
  public mutating func gather(_ x: Buffer, axis: Int, indices: [Int]) -> Buffer {
    let real = axis < 0 ? axis + x.dims.count : axis
    guard x.dims.indices.contains(real) else {
      return refuse(.parameter(kernel: "gather", name: "axis", value: [axis]), x.dims)
    }
    let length = x.dims[real]
    let chosen = indices.map { $0 < 0 ? $0 + length : $0 }
    guard chosen.allSatisfy((0..<length).contains) else {
      return refuse(.parameter(kernel: "gather", name: "indices", value: indices), x.dims)
    }
    var dims = x.dims
    dims[real] = chosen.count
    return add(.gather(axis: real, indices: chosen), [x], dims)
  }
}
