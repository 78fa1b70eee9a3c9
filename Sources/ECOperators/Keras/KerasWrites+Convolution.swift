import ECGraph
import ECTensor

/// Convolutions and dense layers, written back.
extension OperatorTable {
  static let kerasConvolutionWrites: [KerasWriteRule] = [
    convolutionWrite(["Conv2D", "Convolution2D"], spatialRank: 2),
    convolutionWrite(["Conv1D", "Convolution1D"], spatialRank: 1),
    convolutionWrite(["Conv3D", "Convolution3D"], spatialRank: 3),
    depthwiseWrite("DepthwiseConv2D"), depthwiseWrite("DepthwiseConv1D"),
    separableWrite(["SeparableConv2D", "SeparableConvolution2D"]),
    separableWrite(["SeparableConv1D"]),
    transposedWrite, denseWrite,
  ]

  private static let windowKeys = [
    "kernel_size", "strides", "padding", "data_format", "dilation_rate", "use_bias",
    "bias_initializer", "bias_regularizer", "bias_constraint",
  ]
  private static let kernelKeys = [
    "kernel_initializer", "kernel_regularizer", "kernel_constraint",
  ]
  private static let depthwiseKeys = [
    "depth_multiplier", "depthwise_initializer", "depthwise_regularizer", "depthwise_constraint",
  ]

  /// `[o, i, k…]` as `(k…, i, o)`.
  private static func kernel(_ tensor: Tensor) -> Tensor {
    tensor.permuted(Array(2..<tensor.shape.count) + [1, 0])
  }

  /// `[in·multiplier, 1, k…]` as `(k…, in, multiplier)`.
  private static func depthwiseKernel(_ tensor: Tensor, inputs: Int) throws(FormatError) -> Tensor {
    let channels = tensor.shape[0]
    guard inputs > 0, channels % inputs == 0 else {
      throw FormatError(.unsupported("its \(channels) channels don't share \(inputs) evenly"))
    }
    return kernel(tensor).reshaped(Array(tensor.shape.dropFirst(2)) + [inputs, channels / inputs])
  }

  /// The channels of what a layer is called on.
  private static func inputChannels(_ layer: KerasLayer, _ drawing: KerasDrawing)
    throws(FormatError) -> Int
  {
    let type = drawing.calls[0].inputs[0]
    guard let count = type.shape[layer.layout.channelAxis(rank: type.rank)].value else {
      throw FormatError(.unsupported("the number of its channels is unknown"))
    }
    return count
  }

  /// Adds the bias, which pruning may have given to a layer that had none.
  private static func addBias(_ form: inout KerasForm, _ drawing: KerasDrawing, beside name: String)
  {
    guard let bias = drawing.operand(2, beside: name) else { return }
    form.config["use_bias"] = .bool(true)
    form.weights["bias"] = bias
  }

  private static func convolutionWrite(_ names: [String], spatialRank: Int) -> KerasWriteRule {
    KerasWriteRule(
      names,
      write: { (layer, drawing) throws(FormatError) in
        var form = KerasForm(config: layer.config)
        let weights = try drawing.constant("kernel")
        form.config["filters"] = .int(weights.shape[0])
        if layer.config["groups"]?.int ?? 1 > 1 {
          // One channel a group is drawn as a depthwise convolution.
          let groups = drawing.op(Convolution.self)?.groups
          if let groups {
            form.config["groups"] = .int(groups)
          } else {
            form.config["groups"] = .int(try inputChannels(layer, drawing))
          }
        }
        form.weights["kernel"] = kernel(weights)
        addBias(&form, drawing, beside: "kernel")
        return form
      },
      common: { (layer) throws(FormatError) in
        try layer.commonForm(
          names[0], ["filters", "groups"] + windowKeys + kernelKeys, operatorCount: 1)
      })
  }

  private static func depthwiseWrite(_ name: String) -> KerasWriteRule {
    KerasWriteRule(
      [name],
      write: { (layer, drawing) throws(FormatError) in
        var form = KerasForm(config: layer.config)
        let kernel = try depthwiseKernel(
          try drawing.constant("kernel"), inputs: try inputChannels(layer, drawing))
        if let multiplier = kernel.shape.last, layer.config["depth_multiplier"] != nil {
          form.config["depth_multiplier"] = .int(multiplier)
        }
        form.weights["kernel"] = kernel
        addBias(&form, drawing, beside: "kernel")
        return form
      },
      common: { (layer) throws(FormatError) in
        try layer.commonForm(
          name, windowKeys + depthwiseKeys, ignored: ["groups", "filters"] + kernelKeys,
          operatorCount: 1)
      })
  }

  private static func separableWrite(_ names: [String]) -> KerasWriteRule {
    KerasWriteRule(
      names,
      write: { (layer, drawing) throws(FormatError) in
        var form = KerasForm(config: layer.config)
        if drawing.operand(2, beside: "depthwise_kernel") != nil {
          throw FormatError(.unsupported("its depthwise part has come to need a bias"))
        }
        let depthwise = try depthwiseKernel(
          try drawing.constant("depthwise_kernel"), inputs: try inputChannels(layer, drawing))
        let pointwise = try drawing.constant("pointwise_kernel")
        form.config["filters"] = .int(pointwise.shape[0])
        if let multiplier = depthwise.shape.last, layer.config["depth_multiplier"] != nil {
          form.config["depth_multiplier"] = .int(multiplier)
        }
        form.weights["depthwise_kernel"] = depthwise
        form.weights["pointwise_kernel"] = kernel(pointwise)
        addBias(&form, drawing, beside: "pointwise_kernel")
        return form
      },
      common: { (layer) throws(FormatError) in
        let pointwise = ["pointwise_initializer", "pointwise_regularizer", "pointwise_constraint"]
        return try layer.commonForm(
          names[0], ["filters"] + windowKeys + depthwiseKeys + pointwise,
          ignored: ["groups"] + kernelKeys, operatorCount: 2)
      })
  }

  private static let transposedWrite = KerasWriteRule(
    ["Conv2DTranspose", "Deconvolution2D"],
    write: { (layer, drawing) throws(FormatError) in
      var form = KerasForm(config: layer.config)
      let weights = try drawing.constant("kernel")
      form.config["filters"] = .int(weights.shape[1])
      // `[i, o, kh, kw]` as `(kh, kw, o, i)`
      form.weights["kernel"] = kernel(weights)
      addBias(&form, drawing, beside: "kernel")
      return form
    },
    common: { (layer) throws(FormatError) in
      try layer.commonForm(
        "Conv2DTranspose", ["filters", "output_padding"] + windowKeys + kernelKeys,
        ignored: ["groups"], operatorCount: 1)
    })

  private static let denseWrite = KerasWriteRule(
    ["Dense"],
    write: { (layer, drawing) throws(FormatError) in
      var form = KerasForm(config: layer.config)
      let kernel = try drawing.constant("kernel")
      form.config["units"] = .int(kernel.shape[1])
      form.weights["kernel"] = kernel
      addBias(&form, drawing, beside: "kernel")
      return form
    },
    common: { (layer) throws(FormatError) in
      try layer.commonForm(
        "Dense",
        ["units", "use_bias", "bias_initializer", "bias_regularizer", "bias_constraint"]
          + kernelKeys, operatorCount: 1)
    })
}
