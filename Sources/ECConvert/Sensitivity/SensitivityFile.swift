import ECDiagnostics
import ECGraph
import ECPruning
import ECTensor

/// Sensitivities in a file (`schemas/sensitivity.schema.json`), which grows group by group.
struct SensitivityFile {
  /// What was measured, and so whether a run may go on.
  struct Header {
    /// The digest of the model's file.
    var model: String
    /// A fingerprint of the model, the samples and all options that decide the figures.
    var key: String
    /// The ranking, the repair and the samples, for people.
    var facts: FormatObject
    /// The accuracy of the whole model on the samples, where they have labels.
    var accuracy: Double?
  }

  let header: Header
  var sensitivities: Sensitivities
  /// The number of prunable groups.
  let groupCount: Int

  var isComplete: Bool { sensitivities.groups.count == groupCount }

  /// The file as JSON.
  var json: String {
    var object: FormatObject = [
      "schemaVersion": .int(Sensitivities.schemaVersion),
      "tool": .object(["name": .string("ecconvert"), "version": .string(ECConvertVersion.current)]),
      "model": .string(header.model), "key": .string(header.key), "complete": .bool(isComplete),
      "groupCount": .int(groupCount),
    ]
    for (name, value) in header.facts { object[name] = value }
    if let accuracy = header.accuracy { object["accuracy"] = .float(accuracy) }
    for (name, value) in sensitivities.formatObject { object[name] = value }
    return FormatValue.object(object).json(indent: 1) + "\n"
  }

  /// Writes the file as a whole, so that one that is there is never half of one.
  func write(to path: String) throws(ConversionFault) {
    try OutputFile.write(json, to: path)
  }

  /// Reads a file; `nil` if there is none.
  /// - Throws: `ConversionFault` or `PruningError` if it isn't one of this kind.
  static func read(_ path: String) throws -> SensitivityFile? {
    guard FileSize.exists(path) else { return nil }
    let file = try MappedFile.opened(path)
    let place = Place.file(path)
    do throws(PruningError) {
      let value: FormatValue
      do throws(JSONError) {
        value = try FormatValue(json: file.withBytes { Array($0) })
      } catch {
        throw PruningError(.sensitivitiesUnreadable("\(error.what) at byte \(error.offset)"))
      }
      let sensitivities = try Sensitivities(value)
      guard let object = value.object, let model = object["model"]?.string,
        let key = object["key"]?.string, let count = object["groupCount"]?.int
      else {
        throw PruningError(
          .sensitivitiesUnreadable("one of 'model', 'key' and 'groupCount' is missing"))
      }
      var facts: FormatObject = [:]
      for name in ["criterion", "repair", "calibration", "ratios"] { facts[name] = object[name] }
      return SensitivityFile(
        header: Header(
          model: model, key: key, facts: facts, accuracy: object["accuracy"]?.double),
        sensitivities: sensitivities, groupCount: count)
    } catch {
      throw PruningError(error.reason, at: place.appending(error.place))
    }
  }
}
