extension KerasError {
  public var what: String {
    switch reason {
    case .unreadable(let words): words
    case .missingFile: "no such file"
    case .weightsOnly: "the file holds weights, but no architecture"
    case .notKeras(let members):
      "HDF5, but not a Keras model: its root holds "
        + (members.isEmpty ? "nothing" : members.prefix(8).joined(separator: ", "))
    case .configuration(let words, let offset):
      "the model's configuration isn't JSON: \(words) at byte \(offset)"
    case .key(let words): words
    case .subclassed(let name): "'\(name)' is a subclassed model, whose architecture is Python code"
    case .unsupportedLayers(let layers):
      layers.count == 1 ? "a layer isn't supported" : "\(layers.count) layers aren't supported"
    case .incomplete(let dataset): "the file is incomplete: '\(dataset)' is missing"
    case .weights(let expected, let found):
      "the weights are \(Self.list(found)), expected \(Self.list(expected))"
    case .nestedWeights: "the weights of the nested model can't be told apart"
    case .layer(let fault): fault.what
    case .reference(let words): words
    }
  }

  public var remedy: String? {
    switch reason {
    case .weightsOnly:
      "save the whole model with model.save('model.h5'), not only its weights"
    case .subclassed: "rebuild the model with the functional API and save it again"
    case .unsupportedLayers(let layers):
      layers.contains { $0.hasPrefix("Lambda ") }
        ? "a Lambda layer is Python code; replace it by layers that say the same (such as Rescaling)"
        : "replace these layers by standard ones, or export the model to ONNX by other means"
    case .incomplete: "the file was cut short while it was saved; save the model again"
    case .layer(let fault): fault.remedy
    default: nil
    }
  }

  public var details: [String] {
    switch reason {
    case .unsupportedLayers(let lines), .nestedWeights(let lines): lines
    default: []
    }
  }

  private static func list(_ names: [String]) -> String {
    "[\(names.joined(separator: ", "))]"
  }

  /// One of each, for the golden text of all messages.
  public static let samples: [KerasError] = [
    .unreadable("not an HDF5 file"), .missingFile, .weightsOnly(isVersion3: true),
    .notKeras(members: ["images", "labels"]), .configuration("a colon is missing", offset: 17),
    .key("'layers' is missing"), .subclassed("MyModel"),
    .unsupportedLayers(["Lambda 'scale'", "MyPkg>ScaleShift 'ss'"]),
    .incomplete(dataset: "model_weights/conv1/conv1/kernel:0"),
    .weights(expected: ["kernel", "bias"], found: ["kernel"]),
    .nestedWeights(["'conv1': expected kernel, bias; found nothing"]),
    .layer(FormatFault(what: "'filters' is missing", remedy: nil)),
    .reference("'conv1' is called on 'conv0', which doesn't exist"),
  ].map { KerasError($0, at: .file("model.h5")) }
}
