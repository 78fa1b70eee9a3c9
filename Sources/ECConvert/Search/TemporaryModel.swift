import ECGraph
import ECONNX
import Glibc

/// An ONNX file among the temporary files; it goes with this object.
final class TemporaryModel {
  /// Where it is.
  var path: String { file.temporaryPath }
  /// What was written.
  let graph: Graph
  private var file: OutputFile

  /// Where temporary files are.
  static var folder: String { getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp" }

  /// Writes a graph that is in the form of ONNX.
  init(_ graph: Graph, _ exporter: ONNXExporter) throws {
    self.graph = graph
    file = try OutputFile(path: Self.folder + "/ecconvert-bench.onnx", force: true)
    let hasData = try exporter.byteCount(of: graph).data > 0
    let name = "ecconvert-bench.data"
    if hasData { _ = file.scratch(name) }
    try exporter.write(graph, toFile: file.temporaryPath, dataName: hasData ? name : nil)
  }
}
