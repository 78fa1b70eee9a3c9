import ECArchitectures
import ECDiagnostics
import ECGraph
import ECKeras
import ECTensor
import Glibc

/// The architecture that `--arch` names.
enum GivenArchitecture {
  /// Makes the architecture for a file of weights: that of a JSON file, or one known by name.
  /// - Parameter value: a JSON file, or a name with options such as `mobilenetv2:alpha=0.5`.
  /// - Returns: the architecture, and remarks on what the weights told of it.
  /// - Throws: `ConversionFault` if there is no JSON in the file; `ArchitectureError` for a name or
  ///   an option that doesn't exist, and for weights that don't fit; `KerasError` if the weights
  ///   can't be read.
  static func read(_ value: String, for weights: String) throws
    -> (architecture: KerasArchitecture, notes: [String])
  {
    if value.lowercased().hasSuffix(".json") || access(value, F_OK) == 0 {
      return (try json(value), [])
    }
    let request = try ArchitectureRequest(value)
    let architecture = try Architecture.named(request.name)
    let survey = try KerasImporter.survey(weightsOf: weights, for: architecture.name)
    let model = try architecture.model(
      request.options, fitting: StoredWeights(survey), place: .file(weights))
    return (
      KerasArchitecture(name: architecture.name, config: model.config),
      ["taken for the weights of \(architecture.name):\(model.summary)"]
    )
  }

  /// Reads a JSON file that holds what `model.to_json()` gives.
  private static func json(_ path: String) throws(ConversionFault) -> KerasArchitecture {
    let file = try MappedFile.opened(path)
    do throws(JSONError) {
      let config = try file.withBytes { (bytes) throws(JSONError) in try FormatValue(json: bytes) }
      return KerasArchitecture(name: path, config: config)
    } catch {
      throw ConversionFault(
        .badArchitecture(found: "\(error.what) at byte \(error.offset)"), at: .file(path))
    }
  }
}

extension StoredWeights {
  /// What a file holds, in the terms in which architectures are matched.
  fileprivate init(_ survey: KerasWeightSurvey) {
    self.init(
      layout: survey.layout == .version3 ? .classes : .names,
      groups: survey.groups.map { group in
        Group(
          name: group.name,
          // The oldest files of this layout call the group of layers otherwise.
          path: group.path.split(separator: "/")
            .map { $0 == "_layer_checkpoint_dependencies" ? "layers" : String($0) }
            .joined(separator: "/"),
          weights: group.weights.map { Weight(shape: $0.shape, elements: $0.elements) })
      })
  }
}
