import ECDiagnostics
public import ECGraph
import ECTensor

/// Says any graph as a functional Keras model, every operator in layers of its own.
///
/// Images are best channels last, as Keras has them; others are turned round where they are used.
public struct FunctionalExporter: Sendable {
  private let table: OperatorTable
  private let dialect: KerasDialect

  /// Makes an exporter.
  /// - Parameters:
  ///   - table: by whose rules the layers could be read again.
  ///   - dialect: `keras2` for legacy HDF5, in words that Keras 3 takes too; `keras3` for archives.
  public init(table: OperatorTable, dialect: KerasDialect) {
    self.table = table
    self.dialect = dialect
  }

  /// The model.
  /// - Throws: `KerasError.notExpressible` listing every node that Keras can't say.
  public func document(of graph: Graph) throws(KerasError) -> KerasDocument {
    let spelling = try LayerSpelling(graph, dialect: dialect)
    let types = dialect == .keras3 ? try types(of: spelling) : [:]
    let name = LayerNames.legal(graph.name.isEmpty ? "model" : graph.name)
    let architecture = FunctionalConfig(dialect: dialect, types: types)
      .architecture(name, spelling)
    return KerasDocument(
      architecture: architecture, version: dialect == .keras3 ? "3.0.5" : "2.15.0",
      layers: try layers(of: spelling, in: architecture))
  }

  /// The layers in the order in which Keras loads them.
  private func layers(of spelling: LayerSpelling, in architecture: FormatValue)
    throws(KerasError) -> [KerasDocument.Layer]
  {
    var byName: [String: KerasDocument.Layer] = [:]
    for input in spelling.inputs {
      byName[input.name] = KerasDocument.Layer(
        name: input.name, className: "InputLayer", content: .weights([]))
    }
    for layer in spelling.layers {
      let weights = layer.weights.map {
        KerasDocument.Weight($0.name, $0.tensor, isTrainable: $0.isTrainable)
      }
      byName[layer.name] = KerasDocument.Layer(
        name: layer.name, className: layer.className, content: .weights(weights))
    }
    var reader = ConfigReader(dialect: dialect)
    let model = try reader.document(architecture)
    return LoadingOrder(model).names.compactMap { byName[$0] }
  }

  /// The types of the results of all layers, from the rules that would read them.
  private func types(of spelling: LayerSpelling) throws(KerasError) -> [String: ValueType] {
    var graph = Graph(name: "")
    var made: [String: ValueID] = [:]
    for input in spelling.inputs { made[input.name] = graph.addInput(input.name, input.type) }
    for layer in spelling.layers {
      let inputs = layer.inputs.compactMap { made[$0] }
      guard let rule = table.keras[layer.className] else { continue }
      var sketch = Sketch(graph: graph, layer: layer.name)
      let neutral = KerasLayer(
        name: layer.name, className: layer.className, config: layer.config,
        arguments: ["args": .list(inputs.indices.map { .string("@\($0)") })],
        weights: Dictionary(uniqueKeysWithValues: layer.weights.map { ($0.name, $0.tensor) }),
        dialect: dialect)
      do throws(FormatError) {
        made[layer.name] = try rule.read(neutral, inputs, &sketch).first
      } catch {
        throw KerasError(.layer(error), at: .layer(layer.name))
      }
      graph = sketch.finish()
    }
    return made.mapValues { graph[$0].type }
  }
}
