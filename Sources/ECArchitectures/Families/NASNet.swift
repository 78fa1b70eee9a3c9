extension Architecture {
  /// NASNet-A (Zoph et al. 2017): cells found by search, each of which reads the last two.
  static let nasNet: [Architecture] = [
    nasNet("Mobile", size: 224, width: 1056, repeats: 4, stem: 32, skipsReduction: false),
    nasNet("Large", size: 331, width: 4032, repeats: 6, stem: 96, skipsReduction: true),
  ]

  private static func nasNet(
    _ variant: String, size: Int, width: Int, repeats: Int, stem: Int, skipsReduction: Bool
  ) -> Architecture {
    Architecture(
      "NASNet\(variant)", size: size, modelName: { _ in "nasnet_\(variant.lowercased())" }
    ) { m, input, settings in
      var x = m.conv(input, stem, 3, stride: 2, bias: false, name: "stem_conv1")
      x = m.batchNorm(x, name: "stem_bn1")
      let filters = width / 24
      var previous: Output?
      func reduce(_ filters: Int, _ id: String) -> Output? {
        let result = m.reductionCell(x, previous, filters, id)
        defer { x = result }
        return x
      }
      previous = reduce(filters / 4, "stem_1")
      previous = reduce(filters / 2, "stem_2")
      for stage in 0..<3 {
        let width = filters << stage
        if stage > 0 {
          let read = reduce(width, "reduce_\(stage * repeats)")
          // The large network reads past the cell that halves the image.
          if !skipsReduction { previous = read }
        }
        for k in 0..<repeats {
          let result = m.normalCell(x, previous, width, "\(stage * repeats + k + min(stage, 1))")
          (previous, x) = (x, result)
        }
      }
      x = m.activation(x, "relu")
      return m.head(x, settings, names: .init(average: nil, pooling: (nil, nil)))
    }
  }
}

extension ModelBuilder {
  /// Draws a cell that keeps the size of the image.
  fileprivate mutating func normalCell(
    _ input: Output, _ previous: Output?, _ width: Int, _ id: String
  ) -> Output {
    let p = adjusted(previous, to: input, width, id)
    let h = cellInput(input, width, conv: "normal_conv_1_\(id)", norm: "normal_bn_1_\(id)")
    func sum(_ a: Output, _ b: Output, _ number: Int) -> Output {
      merge("Add", [a, b], name: "normal_add_\(number)_\(id)")
    }
    let x1 = sum(
      twice(h, width, 5, "normal_left1_\(id)"), twice(p, width, 3, "normal_right1_\(id)"), 1)
    let x2 = sum(
      twice(p, width, 5, "normal_left2_\(id)"), twice(p, width, 3, "normal_right2_\(id)"), 2)
    let x3 = sum(averagePool(h, 3, stride: 1, .same, name: "normal_left3_\(id)"), p, 3)
    let x4 = sum(
      averagePool(p, 3, stride: 1, .same, name: "normal_left4_\(id)"),
      averagePool(p, 3, stride: 1, .same, name: "normal_right4_\(id)"), 4)
    let x5 = sum(twice(h, width, 3, "normal_left5_\(id)"), h, 5)
    return concatenate([p, x1, x2, x3, x4, x5], name: "normal_concat_\(id)")
  }

  /// Draws a cell that halves the image.
  fileprivate mutating func reductionCell(
    _ input: Output, _ previous: Output?, _ width: Int, _ id: String
  ) -> Output {
    let p = adjusted(previous, to: input, width, id)
    let h = cellInput(
      input, width, conv: "reduction_conv_1_\(id)", norm: "reduction_bn_1_\(id)")
    let padded = padForStride(h, kernel: 3, name: "reduction_pad_1_\(id)")
    let x1 = merge(
      "Add",
      [
        twice(h, width, 5, stride: 2, "reduction_left1_\(id)"),
        twice(p, width, 7, stride: 2, "reduction_right1_\(id)"),
      ], name: "reduction_add_1_\(id)")
    let x2 = merge(
      "Add",
      [
        maxPool(padded, 3, stride: 2, name: "reduction_left2_\(id)"),
        twice(p, width, 7, stride: 2, "reduction_right2_\(id)"),
      ], name: "reduction_add_2_\(id)")
    let x3 = merge(
      "Add",
      [
        averagePool(padded, 3, stride: 2, name: "reduction_left3_\(id)"),
        twice(p, width, 5, stride: 2, "reduction_right3_\(id)"),
      ], name: "reduction_add3_\(id)")
    let x4 = merge(
      "Add", [x2, averagePool(x1, 3, stride: 1, .same, name: "reduction_left4_\(id)")])
    let x5 = merge(
      "Add",
      [
        twice(x1, width, 3, "reduction_left4_\(id)"),
        maxPool(padded, 3, stride: 2, name: "reduction_right5_\(id)"),
      ], name: "reduction_add4_\(id)")
    return concatenate([x2, x3, x4, x5], name: "reduction_concat_\(id)")
  }

  private mutating func cellInput(_ x: Output, _ width: Int, conv name: String, norm: String)
    -> Output
  {
    let x = conv(activation(x, "relu"), width, 1, .same, bias: false, name: name)
    return batchNorm(x, name: norm)
  }

  /// Draws a separable convolution, twice, each behind an activation.
  private mutating func twice(
    _ input: Output, _ width: Int, _ kernel: Int, stride: Int = 1, _ id: String
  ) -> Output {
    var x = activation(input, "relu")
    if stride == 2 { x = padForStride(x, kernel: kernel, name: "separable_conv_1_pad_\(id)") }
    x = separable(
      x, width, Window(kernel), stride: stride, stride == 2 ? .valid : .same,
      name: "separable_conv_1_\(id)")
    x = activation(batchNorm(x, name: "separable_conv_1_bn_\(id)"), "relu")
    x = separable(x, width, Window(kernel), name: "separable_conv_2_\(id)")
    return batchNorm(x, name: "separable_conv_2_bn_\(id)")
  }

  /// Draws what brings the result of the cell before the last to the size and width of the last.
  private mutating func adjusted(
    _ previous: Output?, to input: Output, _ width: Int, _ id: String
  ) -> Output {
    guard let previous else { return input }
    if previous.width != input.width { return halved(previous, width, id) }
    guard previous.channels != width else { return previous }
    return cellInput(
      previous, width, conv: "adjust_conv_projection_\(id)", norm: "adjust_bn_\(id)")
  }

  /// Draws two pickings of every other pixel, one of them shifted, side by side.
  private mutating func halved(_ input: Output, _ width: Int, _ id: String) -> Output {
    let x = activation(input, "relu", name: "adjust_relu_1_\(id)")
    var even = averagePool(x, 1, stride: 2, name: "adjust_avg_pool_1_\(id)")
    even = conv(even, width / 2, 1, .same, bias: false, name: "adjust_conv_1_\(id)")
    var odd = pad(x, top: 0, bottom: 1, left: 0, right: 1)
    odd = crop(odd, top: 1, bottom: 0, left: 1, right: 0)
    odd = averagePool(odd, 1, stride: 2, name: "adjust_avg_pool_2_\(id)")
    odd = conv(odd, width / 2, 1, .same, bias: false, name: "adjust_conv_2_\(id)")
    return batchNorm(concatenate([even, odd]), name: "adjust_bn_\(id)")
  }
}
