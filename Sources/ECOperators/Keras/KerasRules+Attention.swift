import ECGraph
import ECTensor

/// Attention between positions, as Keras' layer computes it: nothing in it can lose channels.
extension OperatorTable {
  static let kerasAttentionRules: [KerasRule] = [
    KerasRule(
      ["MultiHeadAttention"],
      weights: { layer in
        ["query", "key", "value", "attention_output"].flatMap { part in
          // The attribute that holds the projection; Keras 2 spells it as a private one.
          let holder =
            (layer.dialect < .keras3 ? "_" : "")
            + (part == "attention_output" ? "output_dense" : "\(part)_dense")
          return (["kernel"] + (layer.bool("use_bias", default: true) ? ["bias"] : [])).map {
            KerasWeightName("\(part)/\($0)", sublayer: holder)
          }
        }
      },
      read: { (layer, inputs, sketch) throws(FormatError) -> [ValueID] in
        try layer.refuseVariants(inputs.count)
        let value = inputs[1]
        let key = inputs.count == 3 ? inputs[2] : value
        let width = try layer.int("key_dim")
        let query = try layer.heads("query", of: inputs[0], order: [0, 2, 1, 3], &sketch)
        let keys = try layer.heads("key", of: key, order: [0, 2, 3, 1], &sketch)
        let values = try layer.heads("value", of: value, order: [0, 2, 1, 3], &sketch)
        let scale = sketch.constant("scale", Tensor(scalar: 1 / Float(width).squareRoot()))
        let scaled = try sketch.one(Elementwise(kind: .multiply), [query, scale], suffix: "scaled")
        let scores = try sketch.one(MatrixProduct(), [scaled, keys], suffix: "scores")
        let shares = try sketch.one(
          Softmax(axis: 3, isLogarithm: false), [scores], suffix: "shares")
        let mixed = try sketch.one(MatrixProduct(), [shares, values], suffix: "mixed")
        return [try layer.joined(mixed, &sketch)]
      })
  ]
}

extension KerasLayer {
  /// Refuses what changes the result and isn't drawn: masks, other axes, gates, windows.
  fileprivate func refuseVariants(_ inputCount: Int) throws(FormatError) {
    let masks = ["attention_mask", "query_mask", "value_mask", "key_mask"]
      .filter { !(arguments[$0]?.isNull ?? true) }
    guard masks.isEmpty, inputCount == 2 || inputCount == 3 else {
      throw FormatError(.unsupported("attention with a mask isn't supported"))
    }
    for flag in ["use_causal_mask", "return_attention_scores"] where arguments[flag]?.bool == true {
      throw FormatError(.unsupported("'\(flag)' isn't supported"))
    }
    guard !bool("use_gate", default: false), config["sliding_window"]?.isNull ?? true else {
      throw FormatError(.unsupported("gates and sliding windows of attention aren't supported"))
    }
    if let axes = config["attention_axes"]?.ints, axes != [1] {
      throw FormatError(
        .badAttribute("attention_axes", value: "\(axes)", expected: "[1], the positions"))
    }
  }

  /// A projection `[n, t, i] -> [n, t, heads, width]` with its axes in another order.
  fileprivate func heads(
    _ part: String, of x: ValueID, order: [Int], _ sketch: inout Sketch
  ) throws(FormatError) -> ValueID {
    let type = sketch.type(of: x)
    guard type.rank == 3 else {
      throw FormatError(.graph(GraphError(.rank(operand: 0, expected: 3, found: type.rank))))
    }
    let kernel = try weight("\(part)/kernel", shape: [type.shape[2].value, nil, nil])
    let (heads, width) = (kernel.shape[1], kernel.shape[2])
    let flat = try project(
      part, x, kernel.reshaped([kernel.shape[0], heads * width]), count: heads * width, &sketch)
    guard let positions = type.shape[1].value else {
      throw FormatError(.unsupported("attention over an unknown number of positions"))
    }
    let split = try sketch.one(
      Reshape(target: [positions, heads, width]), [flat], suffix: "\(part)/heads")
    return try sketch.one(Transpose(order: order), [split], suffix: "\(part)/ordered")
  }

  /// The heads `[n, heads, t, width]` put side by side and projected.
  fileprivate func joined(_ x: ValueID, _ sketch: inout Sketch) throws(FormatError) -> ValueID {
    let shape = sketch.type(of: x).shape
    let kernel = try weight(
      "attention_output/kernel", shape: [shape[1].value, shape[3].value, nil])
    let width = kernel.shape[0] * kernel.shape[1]
    let ordered = try sketch.one(Transpose(order: [0, 2, 1, 3]), [x], suffix: "beside")
    let flat = try sketch.one(
      Reshape(target: [shape[2].value ?? -1, width]), [ordered], suffix: "joined")
    return try project(
      "attention_output", flat, kernel.reshaped([width, kernel.shape[2]]), count: kernel.shape[2],
      isLast: true, &sketch)
  }

  private func project(
    _ part: String, _ x: ValueID, _ kernel: Tensor, count: Int, isLast: Bool = false,
    _ sketch: inout Sketch
  ) throws(FormatError) -> ValueID {
    var operands: [ValueID?] = [x, sketch.constant("\(part)/kernel", kernel)]
    if bool("use_bias", default: true) {
      let bias = try weight("\(part)/bias", shape: isLast ? [count] : [nil, nil])
      operands.append(sketch.constant("\(part)/bias", bias.reshaped([count])))
    }
    return try sketch.one(Dense(), operands, suffix: isLast ? "" : part)
  }
}
