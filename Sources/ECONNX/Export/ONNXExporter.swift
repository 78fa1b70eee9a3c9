import ECDiagnostics
public import ECGraph
import Glibc

/// Writes a graph as an ONNX file; weights are streamed, never gathered in memory.
public struct ONNXExporter: Sendable {
  /// The largest file that every reader takes, with room to spare.
  static let fileLimit = 1_900_000_000
  /// Where weights start in a file of their own.
  static let alignment = 4096

  private let options: ONNXExportOptions

  /// Makes an exporter.
  public init(options: ONNXExportOptions = ONNXExportOptions()) {
    self.options = options
  }

  /// The sizes of the files that `write` makes, without writing.
  /// - Throws: `ONNXError` if the graph can't be said in ONNX.
  public func byteCount(of graph: Graph) throws(ONNXError) -> (model: Int, data: Int) {
    let model = try ModelMessage(graph, options, dataName: "data")
    return (model.byteCount, model.externalByteCount)
  }

  /// Writes a model to an open file descriptor; weights stay inside.
  /// - Throws: `ONNXError`, also when a write fails.
  public func write(_ graph: Graph, toDescriptor descriptor: Int32) throws(ONNXError) {
    var options = options
    options.externalData = .never
    let model = try ModelMessage(graph, options, dataName: "")
    if model.byteCount > Int(Int32.max) {
      throw ONNXError(.tooLarge(byteCount: model.byteCount))
    }
    try model.write(to: ByteSink(descriptor: descriptor))
  }

  /// Writes a model to a new file, and its weights to `<dataName>` in the same folder if they are too
  /// many for one file.
  /// - Returns: whether there is a file of weights.
  /// - Throws: `ONNXError`; files that were begun stay for the caller to remove.
  @discardableResult
  public func write(_ graph: Graph, toFile path: String, dataPath: String, dataName: String)
    throws(ONNXError) -> Bool
  {
    let model = try ModelMessage(graph, options, dataName: dataName)
    if model.byteCount > Int(Int32.max) {
      throw ONNXError(.tooLarge(byteCount: model.byteCount))
    }
    if model.externalByteCount > 0 {
      try withFile(dataPath) { descriptor throws(ONNXError) in
        try model.writeExternal(to: ByteSink(descriptor: descriptor))
      }
    }
    try withFile(path) { descriptor throws(ONNXError) in
      try model.write(to: ByteSink(descriptor: descriptor))
    }
    return model.externalByteCount > 0
  }

  /// Opens a file for writing and flushes it to the disk at the end.
  func withFile(
    _ path: String, isNew: Bool = true, _ body: (Int32) throws(ONNXError) -> Void
  ) throws(ONNXError) {
    let flags = O_WRONLY | O_CLOEXEC | (isNew ? O_CREAT | O_TRUNC : 0)
    let descriptor = open(path, flags, 0o666)
    guard descriptor >= 0 else { throw ONNXExporter.failure(errno).inside(.file(path)) }
    do throws(ONNXError) {
      try body(descriptor)
      // Pipes and devices can't be flushed.
      guard fsync(descriptor) == 0 || errno == EINVAL || errno == EROFS else {
        throw ONNXExporter.failure(errno)
      }
    } catch {
      close(descriptor)
      throw error.place.trail.isEmpty ? error.inside(.file(path)) : error
    }
    guard close(descriptor) == 0 else { throw ONNXExporter.failure(errno).inside(.file(path)) }
  }

  static func failure(_ code: Int32) -> ONNXError {
    ONNXError(.cannotWrite(String(cString: strerror(code)).lowercased()))
  }
}
