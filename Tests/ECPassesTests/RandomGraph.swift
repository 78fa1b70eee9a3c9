import ECGraph
import ECTestSupport

/// A classifier drawn at random: blocks on an image, and a head.
enum RandomGraph {
  static func make(seed: UInt64) throws -> Graph {
    var layers = Layers(seed: seed &+ 1000)
    var choice = SeededGenerator(seed: seed)
    let side = Int.random(in: 5...8, using: &choice)
    var x = layers.input([side, side + 1, Int.random(in: 1...4, using: &choice)], "image")
    for k in 0..<Int.random(in: 3...6, using: &choice) {
      x = try block(x, "b\(k)", &layers, &choice)
    }
    try head(x, &layers, &choice)
    return layers.graph
  }

  private static func block(
    _ x: ValueID, _ name: String, _ layers: inout Layers, _ choice: inout SeededGenerator
  ) throws -> ValueID {
    let channels = layers.extent(x)
    switch Int.random(in: 0..<9, using: &choice) {
    case 0: return try layers.relu(layers.norm(layers.conv(x, name, 4), name + "n"), name + "r")
    case 1:
      let a = try layers.norm(layers.conv(x, name + "a", channels, bias: false), name + "n")
      return try layers.layer("Add", name, [a, x])
    case 2:
      let a = try layers.conv(x, name + "a", 3, size: 1)
      return try layers.layer("Concatenate", name, [x, a])
    case 3 where layers.extent(x, 1) > 2:
      return try layers.layer(
        "AveragePooling2D", name, [x], ["pool_size": 2, "strides": 1, "padding": "same"])
    case 4:
      let pad = try layers.layer("ZeroPadding2D", name + "p", [x], ["padding": 1])
      return try layers.conv(pad, name, 3, padding: "valid")
    case 5:
      let pooled = try layers.plain("GlobalAveragePooling2D", x, name + "g")
      let shape = try layers.layer(
        "Reshape", name + "s", [pooled], ["target_shape": .list([1, 1, .int(channels)])])
      let gate = try layers.layer(
        "Activation", name + "o", [layers.conv(shape, name + "c", channels, size: 1)],
        ["activation": "sigmoid"])
      return try layers.layer("Multiply", name, [x, gate])
    case 6:
      let kernel = layers.random([3, 3, channels, 1])
      let d = try layers.layer(
        "DepthwiseConv2D", name, [x],
        ["kernel_size": 3, "padding": "same", "use_bias": false], weights: ["kernel": kernel])
      return try layers.norm(d, name + "n")
    case 7:
      let slope = layers.random([1, 1, channels])
      return try layers.layer("PReLU", name, [x], weights: ["alpha": slope])
    default: return try layers.relu(layers.norm(x, name), name + "r")
    }
  }

  private static func head(
    _ x: ValueID, _ layers: inout Layers, _ choice: inout SeededGenerator
  ) throws {
    switch Int.random(in: 0..<5, using: &choice) {
    case 0:
      let flat = try layers.plain("Flatten", x, "flat")
      let hidden = try layers.norm(layers.dense(flat, "hidden", 5), "hidden_bn")
      layers.graph.addOutput(try layers.dense(hidden, "logits", 3))
    case 1:
      let flat = try layers.relu(layers.plain("Flatten", x, "flat"), "flat_relu")
      layers.graph.addOutput(try layers.dense(flat, "logits", 3))
    case 2:
      let pooled = try layers.plain("GlobalMaxPooling2D", x, "pooled")
      layers.graph.addOutput(try layers.dense(pooled, "logits", 3))
      layers.graph.addOutput(x)
    case 3:
      let flat = try layers.norm(layers.plain("Flatten", x, "flat"), "flat_bn")
      layers.graph.addOutput(try layers.dense(flat, "logits", 3))
    default:
      let flat = try layers.plain("Flatten", x, "flat")
      let pooled = try layers.plain("GlobalAveragePooling2D", x, "pooled")
      let both = try layers.layer("Concatenate", "both", [flat, pooled])
      layers.graph.addOutput(try layers.dense(both, "logits", 3))
      layers.graph.addOutput(flat)
    }
  }
}
