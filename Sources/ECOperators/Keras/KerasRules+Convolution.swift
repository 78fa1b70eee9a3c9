import ECGraph
import ECTensor

/// Convolutions and dense layers of Keras.
extension OperatorTable {
  static let kerasConvolutionRules: [KerasRule] = [
    convolution(["Conv2D", "Convolution2D"], spatialRank: 2),
    convolution(["Conv1D", "Convolution1D"], spatialRank: 1),
    convolution(["Conv3D", "Convolution3D"], spatialRank: 3),
    depthwise(["DepthwiseConv2D"], spatialRank: 2),
    depthwise(["DepthwiseConv1D"], spatialRank: 1),
    separable(["SeparableConv2D", "SeparableConvolution2D"], spatialRank: 2),
    separable(["SeparableConv1D", "SeparableConvolution1D"], spatialRank: 1),
    transposed(["Conv2DTranspose", "Convolution2DTranspose", "Deconvolution2D"], spatialRank: 2),
    transposed(["Conv1DTranspose", "Convolution1DTranspose"], spatialRank: 1),
    transposed(["Conv3DTranspose", "Convolution3DTranspose"], spatialRank: 3),
    dense,
  ]

  /// The name of what a layer computes before its activation, or its own name if it has none.
  private static func suffix(_ layer: KerasLayer) -> String {
    KerasActivation.name(of: layer.config["activation"]) == "linear" ? "" : "preactivation"
  }

  private static func kernelAndBias(_ layer: KerasLayer) -> [KerasWeightName] {
    [KerasWeightName("kernel", aliases: ["depthwise_kernel", "W"])]
      + (layer.bool("use_bias", default: true) ? [KerasWeightName("bias", aliases: ["b"])] : [])
  }

  private static func bias(_ layer: KerasLayer, count: Int, _ sketch: inout Sketch)
    throws(FormatError) -> ValueID?
  {
    guard layer.bool("use_bias", default: true) else { return nil }
    return sketch.constant("bias", try layer.weight("bias", "b", shape: [count]))
  }

  private static func operands(_ kernel: ValueID, _ bias: ValueID?) -> [ValueID?] {
    bias == nil ? [kernel] : [kernel, bias]
  }

  /// Kernel `(kh, kw, in/groups, out)` becomes `[o, i, kh, kw]`.
  private static func convolution(_ names: [String], spatialRank: Int) -> KerasRule {
    KerasRule(names, weights: kernelAndBias) {
      (layer, inputs, sketch) throws(FormatError) -> [ValueID] in
      let x = try sketch.image(inputs, spatialRank: spatialRank)
      let geometry = try layer.convolutionGeometry(spatialRank)
      let filters = try layer.counts("filters", count: 1, default: 0)[0]
      let groups = try layer.counts("groups", count: 1, default: 1)[0]
      let stored = try layer.weight(
        "kernel", "W", shape: geometry.size.map { $0 } + [nil, filters])
      let kernel = stored.permuted([spatialRank + 1, spatialRank] + Array(0..<spatialRank))
      let w = sketch.constant("kernel", kernel)
      let b = try bias(layer, count: filters, &sketch)
      let channels = sketch.type(of: x).shape[layer.layout.channelAxis(rank: spatialRank + 2)].value
      let isDepthwise = groups > 1 && channels == groups && kernel.shape[1] == 1
      let y = try sketch.window(
        x, operands(w, b), layer, spatialRank: spatialRank, suffix: suffix(layer)
      ) { layout -> any Operator in
        if isDepthwise { return DepthwiseConvolution(geometry: geometry, layout: layout) }
        return Convolution(geometry: geometry, groups: groups, layout: layout)
      }
      return [try KerasActivation.draw(layer.config["activation"], on: y, layer, &sketch)]
    }
  }

  /// Kernel `(kh, kw, in, multiplier)` becomes `[in·multiplier, 1, kh, kw]`, channel c·m + j.
  private static func depthwiseKernel(_ stored: Tensor) -> Tensor {
    let spatialRank = stored.shape.count - 2
    let channels = stored.shape[spatialRank] * stored.shape[spatialRank + 1]
    return stored.reshaped(Array(stored.shape[..<spatialRank]) + [1, channels])
      .permuted([spatialRank + 1, spatialRank] + Array(0..<spatialRank))
  }

  private static func depthwise(_ names: [String], spatialRank: Int) -> KerasRule {
    KerasRule(names, weights: kernelAndBias) {
      (layer, inputs, sketch) throws(FormatError) -> [ValueID] in
      let x = try sketch.image(inputs, spatialRank: spatialRank)
      let geometry = try layer.convolutionGeometry(spatialRank)
      let multiplier = try layer.counts("depth_multiplier", count: 1, default: 1)[0]
      let stored = try layer.weight(
        "kernel", "depthwise_kernel", shape: geometry.size.map { $0 } + [nil, multiplier])
      let kernel = depthwiseKernel(stored)
      let w = sketch.constant("kernel", kernel)
      let b = try bias(layer, count: kernel.shape[0], &sketch)
      let y = try sketch.window(
        x, operands(w, b), layer, spatialRank: spatialRank, suffix: suffix(layer)
      ) { DepthwiseConvolution(geometry: geometry, layout: $0) }
      return [try KerasActivation.draw(layer.config["activation"], on: y, layer, &sketch)]
    }
  }

  /// Strides, padding and dilation belong to the depthwise part, the bias to the pointwise one.
  private static func separable(_ names: [String], spatialRank: Int) -> KerasRule {
    KerasRule(
      names,
      weights: { layer in
        [KerasWeightName("depthwise_kernel"), KerasWeightName("pointwise_kernel")]
          + (layer.bool("use_bias", default: true) ? [KerasWeightName("bias")] : [])
      },
      read: { (layer, inputs, sketch) throws(FormatError) -> [ValueID] in
        let x = try sketch.image(inputs, spatialRank: spatialRank)
        let geometry = try layer.convolutionGeometry(spatialRank)
        let filters = try layer.counts("filters", count: 1, default: 0)[0]
        let multiplier = try layer.counts("depth_multiplier", count: 1, default: 1)[0]
        let depthwise = try layer.weight(
          "depthwise_kernel", shape: geometry.size.map { $0 } + [nil, multiplier])
        let ones = [Int](repeating: 1, count: spatialRank)
        let pointwise = try layer.weight(
          "pointwise_kernel", shape: ones.map { $0 } + [nil, filters])
        let taps = sketch.constant("depthwise_kernel", depthwiseKernel(depthwise))
        let inner = try sketch.window(
          x, [taps], layer, spatialRank: spatialRank, suffix: "depthwise"
        ) { DepthwiseConvolution(geometry: geometry, layout: $0) }
        let w = sketch.constant(
          "pointwise_kernel",
          pointwise.permuted([spatialRank + 1, spatialRank] + Array(0..<spatialRank)))
        let b = try bias(layer, count: filters, &sketch)
        let point = WindowGeometry(size: ones, strides: ones, dilations: ones, padding: .valid)
        let y = try sketch.window(
          inner, operands(w, b), layer, spatialRank: spatialRank, suffix: suffix(layer)
        ) { Convolution(geometry: point, groups: 1, layout: $0) }
        return [try KerasActivation.draw(layer.config["activation"], on: y, layer, &sketch)]
      })
  }

  /// Kernel `(kh, kw, out, in)` becomes `[i, o, kh, kw]`; the padding follows the wanted size.
  private static func transposed(_ names: [String], spatialRank: Int) -> KerasRule {
    KerasRule(names, weights: kernelAndBias) {
      (layer, inputs, sketch) throws(FormatError) -> [ValueID] in
      let x = try sketch.image(inputs, spatialRank: spatialRank)
      let filters = try layer.counts("filters", count: 1, default: 0)[0]
      var geometry = try layer.convolutionGeometry(spatialRank)
      let stored = try layer.weight("kernel", shape: geometry.size.map { $0 } + [filters, nil])
      let isSame = geometry.padding == .sameUpper
      let wanted = layer.config["output_padding"]?.ints
      var pads: (begin: [Int], end: [Int], output: [Int]) = ([], [], [])
      for k in 0..<spatialRank {
        let (size, stride) = (geometry.size[k], geometry.strides[k])
        let reach = (size - 1) * geometry.dilations[k] + 1
        // total = (n - 1) · s + k - out, which doesn't depend on n
        let total: Int
        if let wanted {
          let p = wanted.count == 1 ? wanted[0] : wanted[k]
          total = isSame ? 2 * (reach / 2) - p : -p
        } else {
          total = isSame ? reach - stride : reach - stride - max(reach - stride, 0)
        }
        pads.begin.append(max(total, 0) / 2)
        pads.end.append(max(total, 0) - max(total, 0) / 2)
        pads.output.append(max(-total, 0))
      }
      geometry.padding = .explicit(begin: pads.begin, end: pads.end)
      let w = sketch.constant(
        "kernel", stored.permuted([spatialRank + 1, spatialRank] + Array(0..<spatialRank)))
      let b = try bias(layer, count: filters, &sketch)
      let padded = geometry
      let y = try sketch.window(
        x, operands(w, b), layer, spatialRank: spatialRank, suffix: suffix(layer)
      ) {
        TransposedConvolution(geometry: padded, outputPadding: pads.output, layout: $0)
      }
      try checkStatedShape(of: y, layer, sketch)
      return [try KerasActivation.draw(layer.config["activation"], on: y, layer, &sketch)]
    }
  }

  /// Keras 1 states the shape of the result, which need not be the one that Keras 2 computes.
  private static func checkStatedShape(of y: ValueID, _ layer: KerasLayer, _ sketch: Sketch)
    throws(FormatError)
  {
    guard let stated = layer.config["output_shape"]?.list, layer.dialect == .keras1 else { return }
    let shape = sketch.type(of: y).shape
    guard stated.count == shape.count,
      zip(stated, shape).dropFirst().allSatisfy({ $0.int == nil || $0.int == $1.value })
    else {
      throw FormatError(
        .badAttribute(
          "output_shape", value: layer.config["output_shape"]?.json() ?? "",
          expected: "the shape that strides and padding give"))
    }
  }

  private static let dense = KerasRule(["Dense"], weights: kernelAndBias) {
    (layer, inputs, sketch) throws(FormatError) -> [ValueID] in
    let x = try sketch.single(inputs)
    guard sketch.type(of: x).rank >= 2 else {
      throw FormatError(.unsupported("a dense layer needs an operand of two or more axes"))
    }
    let units = try layer.int("units")
    let w = sketch.constant("kernel", try layer.weight("kernel", "W", shape: [nil, units]))
    let b = try bias(layer, count: units, &sketch)
    let y = try sketch.one(Dense(), [x] + operands(w, b), suffix: suffix(layer))
    return [try KerasActivation.draw(layer.config["activation"], on: y, layer, &sketch)]
  }
}
