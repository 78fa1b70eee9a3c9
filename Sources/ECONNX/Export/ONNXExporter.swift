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
  /// - Parameter dataName: the name of the file of weights, which the model's file holds.
  /// - Throws: `ONNXError` if the graph can't be said in ONNX.
  public func byteCount(
    of graph: Graph, dataName: String = "data"
  ) throws(ONNXError) -> (model: Int, data: Int) {
    let model = try ModelMessage(graph, options, dataName: dataName)
    return (model.byteCount, model.externalByteCount)
  }

  /// Writes a model to an open file descriptor; weights stay inside.
  /// - Throws: `ONNXError`, also when a write fails.
  public func write(_ graph: Graph, toDescriptor descriptor: Int32) throws(ONNXError) {
    var options = options
    options.externalData = .never
    let model = try ModelMessage(graph, options, dataName: "")
    if model.byteCount > Int(Int32.max) {
      throw ONNXError(
        .tooLarge(byteCount: model.byteCount), remedy: "name an output: weights can go beside it")
    }
    try model.write(to: ByteSink(descriptor: descriptor))
  }

  /// Writes a model to a file, and its weights to another beside it where they don't stay inside.
  ///
  /// The weights come first. Neither is flushed to the disk.
  /// - Parameters:
  ///   - path: the model's file, which is made or emptied.
  ///   - dataName: the name of the file of weights, in the same folder; that of the model with
  ///     `.data` if it is `nil`. The model refers to it.
  /// - Returns: whether there is a file of weights.
  /// - Throws: `ONNXError`; files that were begun stay for the caller to remove.
  @discardableResult
  public func write(_ graph: Graph, toFile path: String, dataName: String? = nil)
    throws(ONNXError) -> Bool
  {
    let start = path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex
    let dataName = dataName ?? "\(path[start...]).data"
    let model = try ModelMessage(graph, options, dataName: dataName)
    if model.byteCount > Int(Int32.max) {
      throw ONNXError(.tooLarge(byteCount: model.byteCount))
    }
    if model.externalByteCount > 0 {
      try withFile(path[..<start] + dataName) { descriptor throws(ONNXError) in
        try model.writeExternal(to: ByteSink(descriptor: descriptor))
      }
    }
    try withFile(path) { descriptor throws(ONNXError) in
      try model.write(to: ByteSink(descriptor: descriptor))
    }
    return model.externalByteCount > 0
  }

  private func withFile(_ path: String, _ body: (Int32) throws(ONNXError) -> Void)
    throws(ONNXError)
  {
    let descriptor = open(path, O_WRONLY | O_CLOEXEC | O_CREAT | O_TRUNC, 0o666)
    guard descriptor >= 0 else { throw ONNXExporter.failure(errno).inside(.file(path)) }
    do throws(ONNXError) {
      try body(descriptor)
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
