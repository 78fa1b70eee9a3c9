import ECGraph
import ECTensor

/// Normalizations, written back.
extension OperatorTable {
  static let kerasNormalizationWrites: [KerasWriteRule] = [
    KerasWriteRule(
      ["LayerNormalization"],
      write: { (layer, drawing) throws(FormatError) in
        KerasForm(config: layer.config, weights: try layer.scaleAndShift(of: drawing))
      },
      common: { (layer) throws(FormatError) in
        KerasCommonForm(
          "LayerNormalization",
          try layer.commonConfig(
            ["axis", "epsilon", "center", "scale"] + KerasLayer.scaleAndShiftKeys,
            ignored: ["rms_scaling"]))
      }),
    KerasWriteRule(
      ["GroupNormalization"],
      write: { (layer, drawing) throws(FormatError) in
        var form = KerasForm(config: layer.config, weights: try layer.scaleAndShift(of: drawing))
        if let op = drawing.op(GroupNorm.self), layer.config["groups"]?.int != -1 {
          form.config["groups"] = .int(op.groups)
        }
        return form
      },
      common: { (layer) throws(FormatError) in
        KerasCommonForm(
          "GroupNormalization",
          try layer.commonConfig(
            ["groups", "axis", "epsilon", "center", "scale"] + KerasLayer.scaleAndShiftKeys))
      }),
    KerasWriteRule(plain: ["UnitNormalization"], keys: ["axis"]),
    KerasWriteRule(
      ["LayerScale"],
      write: { (layer, drawing) throws(FormatError) in
        let gamma = try drawing.constant("gamma")
        var form = KerasForm(config: layer.config, weights: ["gamma": gamma])
        form.config["projection_dim"] = .int(gamma.count)
        return form
      }, common: { _ in nil }),
  ]
}

extension KerasLayer {
  fileprivate static let scaleAndShiftKeys = ["beta", "gamma"].flatMap {
    ["\($0)_initializer", "\($0)_regularizer", "\($0)_constraint"]
  }

  /// The scale and the shift as they are now.
  fileprivate func scaleAndShift(of drawing: KerasDrawing) throws(FormatError) -> [String: Tensor] {
    var weights: [String: Tensor] = [:]
    if bool("scale", default: true) { weights["gamma"] = try drawing.constant("gamma") }
    if bool("center", default: true) { weights["beta"] = try drawing.constant("beta") }
    return weights
  }
}
