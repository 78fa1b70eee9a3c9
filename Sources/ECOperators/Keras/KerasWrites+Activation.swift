import ECGraph
import ECTensor

/// Activation and normalization layers, written back.
extension OperatorTable {
  static let kerasActivationWrites: [KerasWriteRule] = [
    KerasWriteRule(
      ["Activation"], write: { layer, _ in KerasForm(config: layer.config) },
      common: { layer in
        KerasActivation.commonName(of: layer.config["activation"]).map {
          KerasCommonForm("Activation", ["activation": .string($0)])
        }
      }),
    KerasWriteRule(plain: ["ReLU"], keys: ["max_value", "negative_slope", "threshold"]),
    KerasWriteRule(
      ["LeakyReLU"], write: { layer, _ in KerasForm(config: layer.config) },
      common: { (layer) throws(FormatError) in
        // Keras 3 takes the name that Keras 2 knows.
        let slope = layer.config["negative_slope"] ?? layer.config["alpha"] ?? .float(0.3)
        return KerasCommonForm("LeakyReLU", ["alpha": slope])
      }),
    KerasWriteRule(plain: ["ELU"], keys: ["alpha"]),
    KerasWriteRule(
      ["ThresholdedReLU"], write: { layer, _ in KerasForm(config: layer.config) },
      common: { _ in nil }),
    KerasWriteRule(
      ["PReLU"],
      write: { (layer, drawing) throws(FormatError) in
        KerasForm(config: layer.config, weights: ["alpha": try drawing.constant("alpha")])
      },
      common: { (layer) throws(FormatError) in
        KerasCommonForm(
          "PReLU",
          try layer.commonConfig([
            "shared_axes", "alpha_initializer", "alpha_regularizer", "alpha_constraint",
          ]))
      }),
    KerasWriteRule(
      plain: ["Softmax"], keys: ["axis"]),
    KerasWriteRule(
      [
        "BatchNormalization", "SyncBatchNormalization", "BatchNormalizationV1",
        "BatchNormalizationV2",
      ],
      write: { (layer, drawing) throws(FormatError) in
        var form = KerasForm(config: layer.config)
        for name in ["moving_mean", "moving_variance"] {
          form.weights[name] = try drawing.constant(name)
        }
        if layer.bool("scale", default: true) {
          form.weights["gamma"] = try drawing.constant("gamma")
        }
        if layer.bool("center", default: true) {
          form.weights["beta"] = try drawing.constant("beta")
        }
        return form
      },
      common: { (layer) throws(FormatError) in
        var form = KerasCommonForm(
          "BatchNormalization",
          try layer.commonConfig(
            ["axis", "momentum", "epsilon", "center", "scale"]
              + ["beta", "gamma", "moving_mean", "moving_variance"].map { "\($0)_initializer" }
              + ["beta", "gamma"].flatMap { ["\($0)_regularizer", "\($0)_constraint"] },
            ignored: [
              "renorm_clipping", "renorm_momentum", "synchronized", "mode", "gamma_init",
              "beta_init",
            ]))
        form.config["axis"] = form.config["axis"].flatMap { $0.int.map { .int($0) } }
        return form
      }),
  ]
}
