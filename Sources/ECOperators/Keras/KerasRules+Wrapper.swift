import ECGraph
import ECTensor

/// Layers of Keras that call another layer.
extension OperatorTable {
  static let kerasWrapperRules: [KerasRule] = [
    KerasRule(
      ["TimeDistributed"],
      weights: { layer in
        guard let (rule, inner) = wrapped(layer) else { return [] }
        return rule.weights(inner).map { weight in
          KerasWeightName(
            weight.name, aliases: weight.aliases, isTrainable: weight.isTrainable,
            sublayer: weight.sublayer.map { "layer/\($0)" } ?? "layer")
        }
      }
    ) { (layer, inputs, sketch) throws(FormatError) -> [ValueID] in
      let config = layer.config["layer"]?.object?["config"]
      if config?.list != nil || config?.object?["layers"] != nil {
        return [try aroundModel(inputs, &sketch)]
      }
      guard let (rule, inner) = wrapped(layer) else {
        let name = layer.config["layer"]?.object?["class_name"]?.string ?? "nothing"
        throw FormatError(.unsupported("a layer of class '\(name)' can't be applied to each step"))
      }
      let x = try sketch.single(inputs)
      if actsOnLastAxis(inner, rank: sketch.type(of: x).rank) {
        return try rule.read(inner, [x], &sketch)
      }
      return [try eachStep(x, rule, inner, &sketch)]
    }
  ]

  /// What is drawn around a model that is applied to each step: of one input, its steps as further
  /// samples of the batch; of the model's result on those and the input, the result of each step.
  private static func aroundModel(_ inputs: [ValueID], _ sketch: inout Sketch)
    throws(FormatError) -> ValueID
  {
    guard let x = inputs.last, inputs.count <= 2,
      let extents = sketch.type(of: x).fixedShapeAfterBatch, extents.count > 1
    else {
      throw FormatError(
        .unsupported("a model is applied to each step of several inputs, or of unknown extents"))
    }
    if inputs.count == 1 {
      return try sketch.one(
        BatchReshape(target: [-1] + extents.dropFirst()), [x], suffix: "steps")
    }
    guard let shape = sketch.type(of: inputs[0]).fixedShapeAfterBatch else {
      throw FormatError(.unsupported("the extents of a step's result are unknown"))
    }
    return try sketch.one(BatchReshape(target: [-1, extents[0]] + shape), [inputs[0]])
  }

  /// The rule of the layer inside, and that layer; `nil` for models and for unknown classes.
  private static func wrapped(_ layer: KerasLayer) -> (KerasRule, KerasLayer)? {
    guard let object = layer.config["layer"]?.object, let config = object["config"]?.object,
      let name = object["class_name"]?.string, config["layers"] == nil,
      let rule = OperatorTable.standard.keras[name], name != "TimeDistributed"
    else { return nil }
    let arguments = layer.arguments.filter { $0.key == "training" }
    return (
      rule,
      KerasLayer(
        name: layer.name, className: name, config: config, arguments: arguments,
        weights: layer.weights, dialect: layer.dialect)
    )
  }

  /// Whether steps are only further positions to a layer.
  private static func actsOnLastAxis(_ layer: KerasLayer, rank: Int) -> Bool {
    switch layer.className {
    case "Dense", "Activation", "ReLU", "LeakyReLU", "ELU", "ThresholdedReLU", "Dropout",
      "SpatialDropout1D", "SpatialDropout2D", "GaussianNoise", "GaussianDropout", "AlphaDropout",
      "Rescaling":
      true
    default: false
    }
  }

  /// The layer on one step after the other, with the same weights.
  private static func eachStep(
    _ x: ValueID, _ rule: KerasRule, _ layer: KerasLayer, _ sketch: inout Sketch
  ) throws(FormatError) -> ValueID {
    let type = sketch.type(of: x)
    guard let extents = type.fixedShapeAfterBatch, extents.count > 1, let count = extents.first,
      count > 0, count <= 256
    else { throw FormatError(.unsupported("the number of steps is unknown, or too large")) }
    var results: [ValueID] = []
    for step in 0..<count {
      let range = Slice.Range(axis: 1, start: step, stop: step + 1, step: 1)
      let part = try sketch.one(Slice(ranges: [range]), [x], suffix: "step\(step)")
      let alone = try sketch.one(
        Reshape(target: Array(extents.dropFirst())), [part], suffix: "alone\(step)")
      let y = try rule.read(layer, [alone], &sketch)[0]
      guard let shape = sketch.type(of: y).fixedShapeAfterBatch else {
        throw FormatError(.unsupported("the extents of a step's result are unknown"))
      }
      results.append(
        try sketch.one(Reshape(target: [1] + shape), [y], suffix: "result\(step)"))
    }
    return try sketch.one(Concat(axis: 1), results)
  }
}
