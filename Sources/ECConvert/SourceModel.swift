import ECDiagnostics
import ECGraph
import ECKeras
import ECONNX
import ECOperators
import ECTensor

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
  /// The operator sets of other domains, for ONNX sources.
  var domains: [OperatorSet] = []
  /// The functions that carried nodes of an ONNX source call.
  var functions: [Tensor] = []
  /// The files beside an ONNX source that hold its weights.
  var dataFiles: [String] = []
  /// What the source's file says about itself.
  var documentation = ONNXDocumentation()
  /// The model as Keras has it, for sources of Keras.
  var keras: KerasModel?

  /// Reads a model file.
  /// - Parameters:
  ///   - architecture: the value of `--arch`, for a file that holds weights only.
  ///   - edge: other extents of inputs.
  /// - Throws: the fault of the reader, with the file in its place.
  static func read(_ path: String, architecture: String? = nil, edge: EdgeOptions? = nil) throws
    -> SourceModel
  {
    let format = try ModelFormat.detect(path)
    switch format {
    case .kerasHDF5, .kerasZip:
      let given = try architecture.map { try GivenArchitecture.read($0, for: path) }
      let model = try KerasImporter(table: .standard).model(
        contentsOf: path, architecture: given?.architecture)
      var graph = model.graph
      if let edge, !edge.isEmpty {
        try EdgeOptions.apply(
          edge.extents(of: graph.inputs.map { (graph[$0].name, graph[$0].type) }), to: &graph)
      }
      return SourceModel(
        graph: graph, format: format, producer: model.producer,
        notes: (given?.notes ?? []) + model.notes, layout: model.graph.imageLayout ?? .channelsLast,
        opset: nil, keras: model)
    case .onnx:
      if architecture != nil {
        throw ConversionFault(
          .options("an ONNX model has its architecture in it"), at: .option("--arch"))
      }
      let extents = try onnxExtents(path, edge)
      let model = try ONNXImporter(table: .standard, inputShapes: extents).model(contentsOf: path)
      return SourceModel(
        graph: model.graph, format: format, producer: model.producer, notes: model.notes,
        layout: .channelsFirst, opset: model.opset,
        domains: model.opsets.filter { !$0.domain.isEmpty }, functions: model.functions,
        dataFiles: model.dataFiles, documentation: model.documentation)
    }
  }
}

extension SourceModel {
  /// Shape arithmetic is folded while a file is read, so other extents must be known before.
  private static func onnxExtents(_ path: String, _ edge: EdgeOptions?) throws
    -> [String: [Dimension]]
  {
    guard let edge, !edge.isEmpty else { return [:] }
    let inputs = try ONNXImporter.inputs(contentsOf: path)
    return try edge.extents(of: inputs.map { ($0.name, $0.type) })
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
