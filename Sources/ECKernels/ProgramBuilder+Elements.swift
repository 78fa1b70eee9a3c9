extension ProgramBuilder {
  /// Applies a function to every element.
  public mutating func eltwise(_ function: Eltwise, _ x: Buffer) -> Buffer {
    add(.eltwise(function), [x], x.dims)
  }

  /// Applies a function to two elements each; either operand is broadcast as in NumPy.
  public mutating func binary(_ kind: BinaryKind, _ a: Buffer, _ b: Buffer) -> Buffer {
    let rank = max(a.dims.count, b.dims.count)
    let (left, right) = (leading(a, rank), leading(b, rank))
    var dims: [Int] = []
    for (p, q) in zip(left.dims, right.dims) {
      guard p == q || p == 1 || q == 1 else {
        return refuse(.dims(kernel: "binary \(kind)", found: b.dims, expected: a.dims), a.dims)
      }
      dims.append(max(p, q))
    }
    return add(.binary(kind), [left, right], dims)
  }

  /// A buffer with axes of one element put before its own, up to a rank.
  private mutating func leading(_ x: Buffer, _ rank: Int) -> Buffer {
    x.dims.count == rank
      ? x : reshape(x, [Int](repeating: 1, count: rank - x.dims.count) + x.dims)
  }

  /// Multiplies matrices with constant or computed weights.
  ///
  /// - Parameters:
  ///   - x: `[…, k]`.
  ///   - weights: `[k, n]`, or `[n, k]` where `transposed`.
  ///   - bias: `[n]`.
  /// - Returns: `[…, n]`.
  public mutating func innerProduct(
    _ x: Buffer, weights: Buffer, bias: Buffer? = nil, transposed: Bool = false
  ) -> Buffer {
    guard let k = x.dims.last, weights.dims.count == 2, weights.dims[transposed ? 1 : 0] == k else {
      return refuse(
        .dims(kernel: "inner product", found: weights.dims, expected: x.dims.suffix(1)), x.dims)
    }
    let n = weights.dims[transposed ? 0 : 1]
    if let bias, bias.dims != [n] {
      return refuse(.dims(kernel: "inner product bias", found: bias.dims, expected: [n]), x.dims)
    }
    let rows = x.dims.dropLast().reduce(1, *)
    let flat = x.dims.count == 2 ? x : reshape(x, [rows, k])
    let result = add(
      .innerProduct(transposed: transposed), [flat, weights] + (bias.map { [$0] } ?? []),
      [rows, n])
    return x.dims.count == 2 ? result : reshape(result, x.dims.dropLast() + [n])
  }

  /// Multiplies stacks of matrices, `[…, m, k]` by `[…, k, n]`, leading axes broadcast.
  public mutating func matrixProduct(_ a: Buffer, _ b: Buffer) -> Buffer {
    let rank = max(a.dims.count, b.dims.count)
    guard min(a.dims.count, b.dims.count) >= 2, let k = a.dims.last, b.dims[b.dims.count - 2] == k
    else {
      return refuse(.dims(kernel: "matrix product", found: b.dims, expected: a.dims), a.dims)
    }
    let (left, right) = (leading(a, rank), leading(b, rank))
    var dims: [Int] = []
    for (p, q) in zip(left.dims, right.dims).prefix(rank - 2) {
      guard p == q || p == 1 || q == 1 else {
        return refuse(.dims(kernel: "matrix product", found: b.dims, expected: a.dims), a.dims)
      }
      dims.append(max(p, q))
    }
    dims += [left.dims[rank - 2], right.dims[rank - 1]]
    return add(.matrixProduct, [left, right], dims)
  }

  /// Reduces axes; negative ones count from the end, an empty list means all.
  public mutating func reduction(
    _ kind: ReductionKind, _ x: Buffer, axes: [Int], keepDims: Bool
  ) -> Buffer {
    let rank = x.dims.count
    let chosen = Set((axes.isEmpty ? Array(0..<rank) : axes).map { $0 < 0 ? $0 + rank : $0 })
    guard chosen.allSatisfy((0..<rank).contains) else {
      return refuse(.parameter(kernel: "reduction", name: "axes", value: axes), x.dims)
    }
    let kept = (0..<rank).map { chosen.contains($0) ? 1 : x.dims[$0] }
    let result = add(.reduction(kind, axes: chosen.sorted()), [x], kept)
    if keepDims { return result }
    return reshape(result, (0..<rank).filter { !chosen.contains($0) }.map { x.dims[$0] })
  }

  /// Normalises exponentials along an axis; negative axes count from the end.
  public mutating func softmax(_ x: Buffer, axis: Int) -> Buffer {
    softmax(x, axis, logarithm: false)
  }

  /// The logarithm of `softmax`.
  public mutating func logSoftmax(_ x: Buffer, axis: Int) -> Buffer {
    softmax(x, axis, logarithm: true)
  }

  private mutating func softmax(_ x: Buffer, _ axis: Int, logarithm: Bool) -> Buffer {
    let real = axis < 0 ? axis + x.dims.count : axis
    guard x.dims.indices.contains(real) else {
      return refuse(.parameter(kernel: "softmax", name: "axis", value: [axis]), x.dims)
    }
    return add(.softmax(axis: real, logarithm: logarithm), [x], x.dims)
  }
}
