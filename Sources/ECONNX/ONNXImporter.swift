import ECDiagnostics
public import ECGraph
public import ECTensor
import Glibc

/// A model read from an ONNX file.
public struct ONNXModel: Sendable {
  /// The graph; its initializers are views of the mapped file.
  public let graph: Graph
  /// The version of the standard operator set.
  public let opset: Int
  /// The version of the file format.
  public let irVersion: Int
  /// The versions of all operator sets, as the file lists them.
  public let opsets: [OperatorSet]
  /// The model-local functions, as messages; nodes that call them are carried.
  public let functions: [Tensor]
  /// What the file says about itself.
  public let documentation: ONNXDocumentation
  /// The program that wrote the file, with its version; `nil` where it isn't named.
  public let producer: String?
  /// Remarks worth showing to a person.
  public let notes: [String]
}

/// The operators of a domain in one version.
public struct OperatorSet: Sendable, Equatable {
  /// The domain; empty for the standard one.
  public let domain: String
  /// The version.
  public let version: Int

  /// Names an operator set.
  public init(domain: String, version: Int) {
    self.domain = domain
    self.version = version
  }
}

/// Reads ONNX files into graphs; nodes become operators by the rules of a table.
public struct ONNXImporter: Sendable {
  /// The operator sets whose meaning is known; later ones are tried.
  static let opsets = 7...24
  /// The versions of the file format that are known; later ones are tried.
  static let irVersions = 3...14

  private let table: OperatorTable
  private let inputShapes: [String: [Dimension]]

  /// Makes an importer.
  /// - Parameter inputShapes: extents for inputs by name, instead of those in the file.
  public init(table: OperatorTable, inputShapes: [String: [Dimension]] = [:]) {
    self.table = table
    self.inputShapes = inputShapes
  }

  /// Reads a file.
  /// - Throws: `ONNXError` with the file first in its place; operators without a rule are all listed.
  public func model(contentsOf path: String) throws(ONNXError) -> ONNXModel {
    do {
      return try read(path)
    } catch {
      throw error.inside(.file(path))
    }
  }

  /// The inputs that a caller feeds, with their types where the file gives them; nothing else of
  /// the graph is looked at.
  /// - Throws: `ONNXError` with the file first in its place.
  public static func inputs(contentsOf path: String) throws(ONNXError)
    -> [(name: String, type: ValueType?)]
  {
    do {
      let graph = try record(path).graph
      let weights = Set(graph.initializers.map(\.name))
      return graph.inputs.filter { !weights.contains($0.name) }.map { ($0.name, $0.type) }
    } catch {
      throw error.inside(.file(path))
    }
  }

  private static func record(_ path: String) throws(ONNXError) -> ModelRecord {
    let file: MappedFile
    do {
      file = try MappedFile(path: path)
    } catch {
      throw ONNXError(
        .unreadable(error.message, isMissing: error.code == ENOENT || error.code == ENOTDIR))
    }
    let storage = file.storage()
    let external = ExternalFiles(folder: ONNXImporter.folder(of: path))
    return try file.withBytes { (bytes) throws(ONNXError) -> ModelRecord in
      try WireCheck.check(bytes)
      let tensors = TensorReader(bytes: bytes, storage: storage, external: external)
      return try ModelReader(bytes: bytes, tensors: tensors).model()
    }
  }

  private func read(_ path: String) throws(ONNXError) -> ONNXModel {
    var inlining = try FunctionInlining(try ONNXImporter.record(path))
    let record = try inlining.inlined()
    var notes: [String] = []
    let opset = try checkVersions(record, &notes)
    if record.hasTraining { notes.append("training information is left out") }
    var drawing = GraphDrawing(record: record, opset: opset, table: table, inputShapes: inputShapes)
    var graph = try drawing.draw(name: ONNXImporter.stem(of: path))
    graph.metadata = record.metadata
    return ONNXModel(
      graph: graph, opset: opset, irVersion: record.irVersion,
      opsets: record.opsets.map { OperatorSet(domain: $0.domain, version: $0.version) },
      functions: record.functions.map(\.bytes), documentation: record.documentation,
      producer: record.producer.isEmpty ? nil : record.producer, notes: notes + drawing.notes)
  }

  private func checkVersions(_ record: ModelRecord, _ notes: inout [String]) throws(ONNXError)
    -> Int
  {
    let known = ONNXImporter.irVersions
    guard record.irVersion >= known.lowerBound else {
      throw ONNXError(
        .version("IR version \(record.irVersion) is older than \(known.lowerBound)"),
        remedy: "convert the file with onnx.version_converter")
    }
    guard let opset = record.opset else {
      throw ONNXError(.version("no version of the operator set is given"))
    }
    let opsets = ONNXImporter.opsets
    guard opset >= opsets.lowerBound else {
      throw ONNXError(
        .version("opset \(opset) is older than \(opsets.lowerBound)"),
        remedy: "convert the file with onnx.version_converter")
    }
    if record.irVersion > known.upperBound {
      notes.append("IR version \(record.irVersion) is newer than \(known.upperBound)")
    }
    if opset > opsets.upperBound {
      notes.append("opset \(opset) is newer than \(opsets.upperBound)")
    }
    return opset
  }

  private static func folder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  private static func stem(of path: String) -> String {
    let name = path.split(separator: "/").last.map(String.init) ?? "model"
    return name.hasSuffix(".onnx") && name.utf8.count > 5 ? String(name.dropLast(5)) : name
  }
}
