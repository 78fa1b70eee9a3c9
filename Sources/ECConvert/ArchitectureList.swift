import ECArchitectures
import ECGraph

/// The architectures that `--arch` knows by name.
public enum ArchitectureList {
  /// The names of `keras.applications`, family by family.
  public static var names: [String] { Architecture.all.map(\.name) }

  /// The names and the options for a terminal.
  public static var text: String {
    let options = ArchitectureRequest.optionNames.map { "  \($0.name)=…  \($0.expectation)" }
    return
      (["Architectures:"] + OperatorList.wrapped(names, indent: "  ")
      + ["", "Options, as in mobilenetv2:alpha=0.5,classes=10:"] + options)
      .joined(separator: "\n")
  }

  /// The architecture of a request such as `mobilenetv2:alpha=0.5`, as `model.to_json()` of Keras 3
  /// has it.
  /// - Throws: a fault of usage for a name or an option that doesn't exist.
  public static func json(_ request: String) throws -> String {
    let request = try ArchitectureRequest(request)
    return try Architecture.named(request.name).model(request.options).config.json()
  }
}
