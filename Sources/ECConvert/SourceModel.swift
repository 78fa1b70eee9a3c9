import ECDiagnostics
import ECGraph
import ECKeras
import ECONNX
import ECOperators

/// A model that was read, whatever its format.
struct SourceModel {
  var graph: Graph
  let format: ModelFormat
  let producer: String?
  let notes: [String]
  /// Where images of the source keep their channels.
  let layout: ImageLayout
  /// The operator set that the result keeps; `nil` for sources that have none.
  let opset: Int?

  /// Reads a model file.
  /// - Parameter architecture: the value of `--arch`, for a file that holds weights only.
  /// - Throws: the fault of the reader, with the file in its place.
  static func read(_ path: String, architecture: String? = nil) throws -> SourceModel {
    let format = try ModelFormat.detect(path)
    switch format {
    case .kerasHDF5, .kerasZip:
      let model = try KerasImporter(table: .standard).model(
        contentsOf: path, architecture: architecture.map { try GivenArchitecture.read($0) })
      return SourceModel(
        graph: model.graph, format: format, producer: model.producer, notes: model.notes,
        layout: model.graph.imageLayout ?? .channelsLast, opset: nil)
    case .onnx:
      if architecture != nil {
        throw ConversionFault(
          .options("an ONNX model has its architecture in it"), at: .option("--arch"))
      }
      let model = try ONNXImporter(table: .standard).model(contentsOf: path)
      return SourceModel(
        graph: model.graph, format: format, producer: model.producer, notes: model.notes,
        layout: .channelsFirst, opset: min(max(model.opset, 13), 24))
    }
  }
}

extension Graph {
  /// The layout of the operators that know one; `nil` if none does.
  fileprivate var imageLayout: ImageLayout? {
    for node in nodes {
      let operands = operands(of: node)
      guard operands.types.first??.rank == 4, !node.op.axes.operands[0].letters.contains("…")
      else { continue }
      for layout in [ImageLayout.channelsLast, .channelsFirst] {
        let letters = node.op.axes.operands[0].letters
        if let h = letters.firstIndex(of: "h"), h == layout.spatialAxes(rank: 4).lowerBound {
          return layout
        }
      }
    }
    return nil
  }
}
