import ECDiagnostics
import ECGraph
import FoundationEssentials

/// The jobs of a batch in a file (`schemas/jobs.schema.json`), as JSON or YAML:
/// ```yaml
/// defaults: {prune: 0.5}
/// jobs:
///   - input: models/*.h5
///   - {input: big.keras, output: big-slim.onnx, options: {prune: 0.7}}
/// ```
public enum JobsFile {
  /// Reads the jobs; inputs in the file start from its folder.
  /// - Parameters:
  ///   - path: the file.
  ///   - format: the extension of outputs that aren't named.
  /// - Throws: `BatchError` if it can't be read or doesn't follow the schema.
  public static func jobs(_ path: String, format: String) throws(BatchError) -> [BatchJob] {
    let place = Place.file(path)
    let data: Data
    do {
      data = try Data(contentsOf: URL(filePath: path))
    } catch {
      let isMissing = !FileManager.default.fileExists(atPath: path)
      throw BatchError(
        .cannotRead(
          message: isMissing ? "no such file" : "it can't be read", isMissing: isMissing),
        at: place)
    }
    let value = try parse([UInt8](data), at: place)
    let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
    return try jobs(value, folder: folder, format: format, at: place)
  }

  private static func parse(_ bytes: [UInt8], at place: Place) throws(BatchError) -> FormatValue {
    do throws(JSONError) {
      return try FormatValue(json: bytes)
    } catch {
      // JSON looks like YAML, but its own reader says better what is wrong with it.
      let isJSON = bytes.first { $0 != 0x20 && $0 != 0x0A && $0 != 0x0D && $0 != 0x09 } == 0x7B
      guard !isJSON else {
        throw BatchError(.notParsed("\(error.what) at byte \(error.offset)"), at: place)
      }
      do throws(YAMLError) {
        return try FormatValue(yaml: bytes)
      } catch {
        throw BatchError(.notParsed(error.what), at: place)
      }
    }
  }

  static func jobs(
    _ value: FormatValue, folder: String, format: String, at place: Place
  ) throws(BatchError) -> [BatchJob] {
    guard let members = value.object else {
      throw BatchError(.malformed("it holds no object with 'jobs'"), at: place)
    }
    // What follows it would be lost wherever a path or an option is handed to the system.
    if hasNUL(value) {
      throw BatchError(.malformed("a text in it has a NUL character"), at: place)
    }
    for key in members.keys where !["$schema", "defaults", "jobs"].contains(key) {
      throw BatchError(.malformed("there is no such key"), at: place.appending(.attribute(key)))
    }
    let defaults = try options(members["defaults"], at: place.appending(.attribute("defaults")))
    guard let entries = members["jobs"]?.list else {
      throw BatchError(.malformed("'jobs' is no list"), at: place)
    }
    var jobs: [BatchJob] = []
    for (index, entry) in entries.enumerated() {
      let place = place.appending(Place(["job \(index + 1)"]))
      jobs += try self.jobs(entry, defaults, folder: folder, format: format, at: place)
    }
    return jobs
  }

  /// The jobs of an entry: a path, or an object.
  private static func jobs(
    _ entry: FormatValue, _ defaults: FormatObject, folder: String, format: String, at place: Place
  ) throws(BatchError) -> [BatchJob] {
    let members = entry.string.map { ["input": .string($0)] } ?? entry.object ?? [:]
    for key in members.keys where !["input", "output", "options"].contains(key) {
      throw BatchError(.malformed("there is no such key"), at: place.appending(.attribute(key)))
    }
    guard let input = members["input"]?.string, !input.isEmpty else {
      throw BatchError(.malformed("it has no input"), at: place)
    }
    let own = try options(members["options"], at: place.appending(.attribute("options")))
    let options = defaults.merging(own) { $1 }
    let found = try InputList.expand(input.hasPrefix("/") ? input : folder + input)
    guard let named = members["output"] else {
      return found.map {
        BatchJob(
          input: $0.path, output: InputList.named($0.name, extension: format), options: options)
      }
    }
    guard let output = named.string, isInside(output) else {
      throw BatchError(
        .malformed("the output is no path inside the output folder"), at: place)
    }
    guard found.count == 1 else {
      throw BatchError(.malformed("one output is named for \(found.count) inputs"), at: place)
    }
    return [BatchJob(input: found[0].path, output: output, options: options)]
  }

  private static func options(_ value: FormatValue?, at place: Place) throws(BatchError)
    -> FormatObject
  {
    guard let value else { return [:] }
    guard let options = value.object else {
      throw BatchError(.malformed("it is no object of options"), at: place)
    }
    return options
  }

  private static func hasNUL(_ value: FormatValue) -> Bool {
    if let text = value.string { return text.utf8.contains(0) }
    if let list = value.list { return list.contains(where: hasNUL) }
    return value.object?.contains { $0.key.utf8.contains(0) || hasNUL($0.value) } ?? false
  }

  /// Whether a path stays inside the folder that it starts from.
  private static func isInside(_ path: String) -> Bool {
    !path.isEmpty && !path.hasPrefix("/") && !path.split(separator: "/").contains("..")
  }
}
