import ECGraph

/// Layers that are code outside Keras, but whose code is known.
enum KnownCode {
  /// Classes that published models register under a package's name, or that Keras keeps out of its
  /// list of layers.
  static let classNames: Set = [
    "CustomScaleLayer", "LayerScale", "StochasticDepth", "FixedDropout", "DropConnect",
  ]

  /// Whether a layer is of a class that isn't Keras's own, and that isn't known.
  static func isForeign(_ object: FormatObject, className: String) -> Bool {
    let base = ConfigReader.baseName(className)
    if classNames.contains(base) { return false }
    if className.contains(">") || object["registered_name"]?.string?.contains(">") ?? false {
      return true
    }
    // Builtins are functions; everything else of Keras is in a module of its name.
    guard let module = object["module"]?.string?.split(separator: ".").first else { return false }
    return !["keras", "tf_keras", "tensorflow", "builtins"].contains(module)
  }

  /// The `Lambda` of keras-applications' InceptionResNetV2, which adds its second input, scaled, to
  /// the first: told by its argument and by its name, as its code is compiled.
  static func scaling(_ className: String, name: String, _ config: FormatObject) -> FormatObject? {
    guard className == "Lambda", let arguments = config["arguments"]?.object,
      arguments.count == 1, let scale = arguments["scale"], scale.double != nil
    else { return nil }
    let parts = name.split(separator: "_")
    guard parts.count == 2, ["block35", "block17", "block8"].contains(String(parts[0])),
      Int(parts[1]) != nil
    else { return nil }
    return ["name": .string(name), "scale": scale]
  }

  /// Whether `hard_sigmoid` in a model of Keras 2 is `relu6(x + 3) / 6`, as Keras 3 has it: old code
  /// of MobileNetV3 calls its own function so, and only the name is in the file.
  static func redefinesHardSigmoid(modelName: String) -> Bool {
    modelName.lowercased().filter { $0.isLetter || $0.isNumber }.contains("mobilenetv3")
  }
}
