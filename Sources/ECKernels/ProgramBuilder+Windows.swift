extension ProgramBuilder {
  /// Adds a convolution (cross-correlation) over one, two or three spatial axes.
  ///
  /// - Parameters:
  ///   - x: `[n, i, s…]`.
  ///   - weights: `[o, i / groups, k…]`; constant or computed.
  ///   - bias: `[o]`.
  ///   - strides: One for each spatial axis; empty is 1, and so for the next three.
  ///   - dilations: Distance of the kernel's elements; 1 is dense.
  ///   - padsBegin: Zeros before each spatial axis; empty is 0.
  ///   - padsEnd: Zeros behind each spatial axis; empty is 0.
  ///   - groups: Each group of `o / groups` outputs sees its own `i / groups` inputs.
  /// - Returns: `[n, o, s'…]`.
  public mutating func convolution(
    _ x: Buffer, weights: Buffer, bias: Buffer? = nil, strides: [Int] = [], dilations: [Int] = [],
    padsBegin: [Int] = [], padsEnd: [Int] = [], groups: Int = 1
  ) -> Buffer {
    let rank = x.dims.count - 2
    let window = window(
      weights.dims.count > 2 ? Array(weights.dims[2...]) : [], strides, dilations, padsBegin,
      padsEnd, rank: rank)
    guard (1...3).contains(rank), weights.dims.count == x.dims.count, window.isValid(rank: rank)
    else {
      return refuse(.dims(kernel: "convolution", found: weights.dims, expected: x.dims), x.dims)
    }
    let (i, o) = (x.dims[1], weights.dims[0])
    guard groups > 0, i % groups == 0, o % groups == 0, weights.dims[1] == i / groups else {
      let expected = [o, i / max(groups, 1)] + window.size
      return refuse(
        .dims(kernel: "convolution weights", found: weights.dims, expected: expected), x.dims)
    }
    if let bias, bias.dims != [o] {
      return refuse(.dims(kernel: "convolution bias", found: bias.dims, expected: [o]), x.dims)
    }
    let dims = [x.dims[0], o] + (0..<rank).map { window.positions($0, of: x.dims[2 + $0]) }
    return add(
      .convolution(window, groups: groups), [x, weights] + (bias.map { [$0] } ?? []), dims)
  }

  /// Adds a pooling over one, two or three spatial axes.
  ///
  /// - Parameters:
  ///   - kind: What a window yields.
  ///   - x: `[n, c, s…]`.
  ///   - window: The window's size along each spatial axis.
  ///   - strides: Empty is 1 (not the window); dilations and pads as for a convolution.
  ///   - outputSize: The spatial shape of the result where it isn't the one of complete windows
  ///     only (ONNX `ceil_mode`); windows may then reach beyond the padding.
  /// - Returns: `[n, c, s'…]`.
  public mutating func pooling(
    _ kind: PoolingKind, _ x: Buffer, window size: [Int], strides: [Int] = [],
    dilations: [Int] = [], padsBegin: [Int] = [], padsEnd: [Int] = [], outputSize: [Int]? = nil
  ) -> Buffer {
    let rank = x.dims.count - 2
    let window = window(size, strides, dilations, padsBegin, padsEnd, rank: rank)
    guard (1...3).contains(rank), window.isValid(rank: rank),
      outputSize.map({ $0.count == rank }) ?? true
    else {
      return refuse(.parameter(kernel: "pooling", name: "window", value: size), x.dims)
    }
    let spatial = outputSize ?? (0..<rank).map { window.positions($0, of: x.dims[2 + $0]) }
    return add(.pooling(kind, window), [x], Array(x.dims[..<2]) + spatial)
  }

  /// Normalises the channels of `[n, c, s…]`: `(x - mean) / sqrt(variance + epsilon) · scale + shift`.
  ///
  /// - Parameter statistics: Mean and variance, `[c]`; those of the batch where nil.
  /// - Returns: The result, and the (biased) mean and variance that were used.
  public mutating func normalization(
    _ x: Buffer, scale: Buffer, shift: Buffer, statistics: (mean: Buffer, variance: Buffer)? = nil,
    epsilon: Float
  ) -> (result: Buffer, mean: Buffer, variance: Buffer) {
    let given = statistics.map { [$0.mean, $0.variance] } ?? []
    let parameters = [scale, shift] + given
    guard (2...5).contains(x.dims.count), parameters.allSatisfy({ $0.dims == [x.dims[1]] }) else {
      let result = refuse(
        .dims(kernel: "normalization", found: scale.dims, expected: x.dims), x.dims)
      return (result, result, result)
    }
    let made = add(
      .normalization(epsilon: epsilon, usesBatch: statistics == nil), [x] + parameters, x.dims,
      extras: statistics == nil ? [scale.dims, scale.dims] : [])
    let used = given + made.extras
    // After a failure there are no further values.
    guard used.count == 2 else { return (made.result, made.result, made.result) }
    return (made.result, used[0], used[1])
  }

  /// Adds a linear interpolation of the spatial axes with half-pixel centres, without antialias.
  ///
  /// - Parameters:
  ///   - x: `[n, c, s…]`.
  ///   - size: The new spatial shape.
  public mutating func resizeLinear(_ x: Buffer, size: [Int]) -> Buffer {
    guard (1...3).contains(size.count), x.dims.count == size.count + 2 else {
      return refuse(.parameter(kernel: "linear resize", name: "size", value: size), x.dims)
    }
    return add(.resizeLinear, [x], Array(x.dims[..<2]) + size)
  }

  private func window(
    _ size: [Int], _ strides: [Int], _ dilations: [Int], _ begin: [Int], _ end: [Int], rank: Int
  ) -> Window {
    func filled(_ list: [Int], _ value: Int) -> [Int] {
      list.isEmpty ? [Int](repeating: value, count: max(rank, 0)) : list
    }
    return Window(
      size: size, strides: filled(strides, 1), dilations: filled(dilations, 1),
      padsBegin: filled(begin, 0), padsEnd: filled(end, 0))
  }
}
