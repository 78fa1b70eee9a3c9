/// Names that both Keras and HDF5 take, unique within one model.
///
/// Legal are letters, digits, `_`, `-` and `.`, where the first is no `_` or `-`: TensorFlow makes name
/// scopes of them. A slash, as ONNX has it in names, becomes `_`.
struct LayerNames {
  /// A group of every file beside those of the layers.
  private var taken: Set<String> = ["top_level_model_weights"]

  /// Keeps names that are legal as they stand for those that own them.
  init(reserving names: [String]) {
    reserved = Set(names.filter { LayerNames.legal($0) == $0 })
  }

  private var reserved: Set<String>

  /// The name for `wanted`; a number is put behind a name that is another's.
  mutating func take(_ wanted: String) -> String {
    if reserved.remove(wanted) != nil, taken.insert(wanted).inserted { return wanted }
    let base = LayerNames.legal(wanted)
    var name = base
    var count = 1
    while reserved.contains(name) || !taken.insert(name).inserted {
      name = "\(base)_\(count)"
      count += 1
    }
    return name
  }

  /// The nearest legal name.
  static func legal(_ name: String) -> String {
    var text = ""
    for scalar in name.unicodeScalars.drop(while: { $0 == "/" }) {
      text.unicodeScalars.append(isLegal(scalar) ? scalar : "_")
    }
    guard let first = text.first, first != "_", first != "-", text.contains(where: { $0 != "." })
    else { return "layer\(text)" }
    return text
  }

  private static func isLegal(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar {
    case "a"..."z", "A"..."Z", "0"..."9", "_", "-", ".": true
    default: false
    }
  }
}
