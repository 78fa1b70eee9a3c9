public import ECGraph

/// A drawn model.
public struct ArchitectureModel: Sendable {
  /// The name of the architecture in `keras.applications`.
  public let architecture: String
  /// What the model was drawn by, for the user: `classes=10, alpha=0.5`.
  public let summary: String
  private let name: String
  /// In the order in which Keras lists and stores them.
  package private(set) var layers: [LayerDraft]
  private let drawn: [LayerDraft]
  private let output: Int

  init(of architecture: Architecture, _ settings: Settings) {
    var builder = ModelBuilder(generation: settings.generation)
    let input = builder.input(settings)
    output = architecture.draw(&builder, input, settings).layer
    self.architecture = architecture.name
    name = architecture.modelName(settings)
    summary = settings.summary(of: architecture)
    drawn = builder.layers
    layers = LayerOrder.sorted(drawn, output: output).map { builder.layers[$0] }
  }

  /// The architecture as `model.to_json()` of Keras 3 has it, whatever the generation of the names.
  public var config: FormatValue {
    func reference(_ name: String) -> FormatValue { .list([.string(name), .int(0), .int(0)]) }
    return .object([
      "module": .string("keras.src.models.functional"), "class_name": .string("Functional"),
      "config": .object([
        "name": .string(name), "trainable": .bool(true),
        "layers": .list(layers.map { $0.entry(in: drawn) }),
        "input_layers": reference(drawn[0].name),
        "output_layers": reference(drawn[output].name),
      ]),
      "registered_name": .string("Functional"),
    ])
  }
}

extension Settings {
  /// The settings that tell this model from others of the architecture.
  func summary(of architecture: Architecture) -> String {
    var parts: [String] = []
    switch size {
    case .any: parts.append("size=any")
    case .pixels(let height, let width):
      parts.append(height == width ? "size=\(height)" : "size=\(height)x\(width)")
    }
    if architecture.traits.contains(.alpha) { parts.append("alpha=\(alpha)") }
    if architecture.traits.contains(.minimalistic), isMinimalistic {
      parts.append("minimalistic=yes")
    }
    if architecture.traits.contains(.imagenet) {
      parts.append("imagenet=\(isImageNet ? "yes" : "no")")
    }
    if architecture.traits.contains(.preprocessing) {
      parts.append("preprocessing=\(hasPreprocessing ? "yes" : "no")")
    }
    if hasTop {
      parts += ["classes=\(classes)", "activation=\(activation)"]
    } else {
      parts += ["top=no", "pooling=\(pooling.rawValue)"]
    }
    return parts.joined(separator: ",")
  }
}
