import ECGraph

/// Draws a functional Keras model layer by layer, as code that uses Keras does.
///
/// Layers without a name get the one that Keras gives them in a fresh session: the class name in
/// snake case, counted from the second on.
struct ModelBuilder {
  /// The generation of Keras whose names and spellings are drawn.
  let generation: Generation
  private(set) var layers: [LayerDraft] = []
  private var counts: [String: Int] = [:]

  init(generation: Generation) {
    self.generation = generation
  }

  /// Draws the model's input for images of three channels; an extent that is `nil` stays open.
  mutating func input(height: Int?, width: Int?) -> Output {
    let name = inputName()
    return append(
      LayerDraft(
        name: name, className: "InputLayer", kind: .input, config: [:], arguments: [],
        shape: [height, width, 3], weights: []))
  }

  /// Draws a layer.
  mutating func layer(
    _ className: String, _ config: FormatObject = [:], on arguments: [LayerDraft.Argument],
    shape: [Int?], weights: [LayerDraft.Weight] = [], kind: LayerDraft.Kind = .layer,
    name: String?
  ) -> Output {
    append(
      LayerDraft(
        name: name ?? freeName(className.snakeCase), className: className, kind: kind,
        config: config, arguments: arguments, shape: shape, weights: weights))
  }

  /// Draws a layer that leaves the shape of its one input as it is.
  mutating func layer(
    _ className: String, _ config: FormatObject = [:], on x: Output,
    weights: [LayerDraft.Weight] = [], kind: LayerDraft.Kind = .layer, name: String?
  ) -> Output {
    layer(
      className, config, on: [.output(x)], shape: x.shape, weights: weights, kind: kind, name: name)
  }

  /// Draws a nested Sequential of the layers that `draw` adds.
  mutating func sequential(
    on x: Output, name: String, _ draw: (inout ModelBuilder, Output) -> Output
  ) -> Output {
    var inner = ModelBuilder(generation: generation)
    inner.counts = counts
    let first = inner.append(
      LayerDraft(
        name: inner.inputName(), className: "InputLayer", kind: .input, config: [:],
        arguments: [], shape: x.shape, weights: []))
    let last = draw(&inner, first)
    counts = inner.counts
    return append(
      LayerDraft(
        name: name, className: "Sequential", kind: .sequential, config: [:],
        arguments: [.output(x)], shape: last.shape, weights: inner.layers.flatMap(\.weights),
        inner: inner.layers))
  }

  /// A name that begins with `prefix` and that no layer has yet.
  mutating func freeName(_ prefix: String) -> String {
    let count = counts[prefix, default: 0]
    counts[prefix] = count + 1
    return count == 0 ? prefix : "\(prefix)_\(count)"
  }

  /// The name of the next input; Keras 2 counts inputs from one.
  private mutating func inputName() -> String {
    if generation == .keras3 { return freeName("input_layer") }
    counts["input", default: 0] += 1
    return "input_\(counts["input", default: 0])"
  }

  private mutating func append(_ layer: LayerDraft) -> Output {
    layers.append(layer)
    return Output(layer: layers.count - 1, shape: layer.shape)
  }
}

extension String {
  /// The form that Keras makes of a class name: `GlobalAveragePooling2D` becomes
  /// `global_average_pooling2d`.
  package var snakeCase: String {
    let letters = Array(self)
    var result = ""
    for (k, letter) in letters.enumerated() {
      let next = k + 1 < letters.count ? letters[k + 1] : nil
      if k > 0, letter.isUppercase {
        let beginsWord = next?.isLowercase ?? false
        if beginsWord || letters[k - 1].isLowercase { result.append("_") }
      }
      result += letter.lowercased()
    }
    return result
  }
}
