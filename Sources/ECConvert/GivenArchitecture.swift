import ECDiagnostics
import ECGraph
import ECKeras
import ECTensor

/// The architecture that `--arch` names.
enum GivenArchitecture {
  /// Reads a JSON file that holds what `model.to_json()` gives.
  /// - Throws: `ConversionFault` if there is no such file, or no JSON in it.
  static func read(_ value: String) throws(ConversionFault) -> KerasArchitecture {
    let file = try MappedFile.opened(value)
    do throws(JSONError) {
      let config = try file.withBytes { (bytes) throws(JSONError) in try FormatValue(json: bytes) }
      return KerasArchitecture(name: value, config: config)
    } catch {
      throw ConversionFault(
        .badArchitecture(found: "\(error.what) at byte \(error.offset)"), at: .file(value))
    }
  }
}
