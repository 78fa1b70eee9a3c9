import ECDiagnostics
import ECGraph
import ECTensor

/// Every layer of a model as it is to be written, from what became of it in the graph.
struct LayerForms {
  private let table: OperatorTable
  private let dialect: KerasDialect
  private let record: KerasRecord
  private let source: Graph
  private let slim: Graph
  private let readers: [ValueID: [(node: NodeID, operand: Int)]]
  private let elementTypes: [StoredKey: ElementType]
  private let storedNames: [StoredKey: WeightName]

  private struct StoredKey: Hashable {
    let layer: String
    let weight: String
  }

  /// Prepares the layers of `model`, whose graph became `slim`.
  init(table: OperatorTable, model: KerasModel, slim: Graph) {
    self.table = table
    dialect = model.dialect
    record = model.record
    source = model.graph
    self.slim = slim
    readers = slim.consumers()
    var elementTypes: [StoredKey: ElementType] = [:]
    var storedNames: [StoredKey: WeightName] = [:]
    for weight in model.groups.flatMap(\.weights) {
      guard let layer = weight.layer, let name = weight.weight else { continue }
      let key = StoredKey(layer: layer, weight: name)
      elementTypes[key] = weight.elementType
      storedNames[key] = WeightName(weight.name)
    }
    self.elementTypes = elementTypes
    self.storedNames = storedNames
  }

  /// The layer as its rule sees it, in a configuration.
  func layer(_ layer: LayerSource, config: FormatObject? = nil) -> KerasLayer {
    KerasLayer(
      name: layer.path, className: layer.ruleName, config: config ?? layer.config,
      arguments: record.layers[layer.id]?.calls.first?.arguments ?? [:],
      weights: record.weights[layer.id] ?? [:], dialect: dialect)
  }

  /// The form of a layer that isn't a model; one that nothing changed keeps what its file has.
  /// - Throws: `FormatError` if what became of the layer can't be said.
  func form(of layer: LayerSource) throws(FormatError) -> KerasForm {
    guard let drawn = record.layers[layer.id], !layer.isInput, !isUntouched(drawn) else {
      return KerasForm(config: layer.config, weights: record.weights[layer.id] ?? [:])
    }
    guard let rule = table.kerasWrites[layer.ruleName] else {
      throw FormatError(.unsupported("layers of this class can't be written once they changed"))
    }
    return try rule.write(self.layer(layer), try drawing(drawn))
  }

  /// The weights of a form in creation order, as the file is to hold them.
  /// - Throws: `FormatError.missingWeight`.
  func weights(of layer: LayerSource, _ form: KerasForm) throws(FormatError)
    -> [KerasDocument.Weight]
  {
    guard let rule = table.keras[layer.ruleName] else { return [] }
    var weights: [KerasDocument.Weight] = []
    for owned in rule.weights(self.layer(layer, config: form.config)) {
      guard let tensor = form.weights[owned.name] else {
        throw FormatError(.missingWeight(owned.name))
      }
      let key = StoredKey(layer: layer.path, weight: owned.name)
      let stored = storedNames[key]
      let name = ([owned.name] + owned.aliases).first { stored?.ends(with: $0) ?? false }
      let typed = elementTypes[key].flatMap { tensor.converted(to: $0) } ?? tensor
      weights.append(
        KerasDocument.Weight(
          name ?? owned.name, typed, isTrainable: owned.isTrainable,
          sublayer: owned.sublayer))
    }
    return weights
  }

  /// The type that a result of a layer has now; `nil` if it isn't drawn.
  func type(of layer: LayerSource, node: Int, result: Int) -> ValueType? {
    guard let call = record.layers[layer.id]?.calls.first(where: { $0.node == node }),
      call.results.indices.contains(result)
    else { return nil }
    return slim[call.results[result]].type
  }

  /// The type that the first tensor a layer is called on has now.
  func inputType(of layer: LayerSource) -> ValueType? {
    record.layers[layer.id]?.calls.first?.inputs.first.map { slim[$0].type }
  }

  /// The calls as they are now, with the nodes in the graph.
  func calls(of layer: LayerSource) -> [DrawnLayer.Call] { record.layers[layer.id]?.calls ?? [] }

  /// The graph as it is now.
  var graph: Graph { slim }

  // MARK: What became of a layer

  /// Whether everything that a layer was drawn as is as it was.
  private func isUntouched(_ drawn: DrawnLayer) -> Bool {
    let tensors = drawn.calls.flatMap { $0.inputs + $0.results }
    guard tensors.allSatisfy({ source[$0].type == slim[$0].type }) else { return false }
    return drawn.calls.flatMap(\.nodes).allSatisfy { id in
      let (old, new) = (source[id], slim[id])
      return old.inputs == new.inputs && old.op.text == new.op.text
        && new.inputs.allSatisfy { input in
          guard let after = slim.constant(input) else { return true }
          return source.constant(input)?.isSameView(as: after) ?? false
        }
    }
  }

  private func drawing(_ drawn: DrawnLayer) throws(FormatError) -> KerasDrawing {
    let nodes = Set(drawn.calls.flatMap(\.nodes))
    var constants: [String: Tensor] = [:]
    var neighbours: [String: [Int: Tensor]] = [:]
    for (name, id) in drawn.constants {
      constants[name] = slim.constant(id)
      var beside: [Int: ValueID] = [:]
      for (k, reader) in (readers[id] ?? []).filter({ nodes.contains($0.node) }).enumerated() {
        var own: [Int: ValueID] = [:]
        for (position, input) in slim[reader.node].inputs.enumerated() {
          if let input, slim.constant(input) != nil { own[position] = input }
        }
        guard k == 0 || own == beside else {
          throw FormatError(.unsupported("its calls have come to need different weights"))
        }
        beside = own
      }
      neighbours[name] = beside.compactMapValues { slim.constant($0) }
    }
    return KerasDrawing(
      calls: drawn.calls.map { self.call($0) }, constants: constants, neighbours: neighbours)
  }

  private func call(_ call: DrawnLayer.Call) -> KerasDrawnCall {
    KerasDrawnCall(
      arguments: call.arguments, inputs: call.inputs.map { slim[$0].type },
      results: call.results.map { slim[$0].type }, operators: call.nodes.map { slim[$0].op })
  }
}
