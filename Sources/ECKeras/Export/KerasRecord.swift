import ECGraph
import ECTensor

/// Where the layers of a model are in the graph that was drawn of it.
struct KerasRecord: Sendable {
  /// The model as its file has it.
  let model: ModelSource
  /// What was drawn of every layer and nested model, by id.
  let layers: [Int: DrawnLayer]
  /// The stored weights by the layer's id and the name that its rule uses.
  let weights: [Int: [String: Tensor]]
}

/// What was drawn of one layer: ids of the graph, which stay when the graph is changed.
struct DrawnLayer: Sendable {
  /// One call.
  struct Call: Sendable {
    /// The position of the call in the architecture; a layer of a model that is called several times
    /// is drawn several times for each.
    let node: Int
    let arguments: FormatObject
    let inputs: [ValueID]
    let results: [ValueID]
    let nodes: [NodeID]
  }

  private(set) var calls: [Call] = []
  /// The initializers by the names that the rule gave them.
  var constants: [String: ValueID] = [:]

  /// Adds a call; that of an input layer has only its result.
  mutating func add(
    node: Int = 0, arguments: FormatObject = [:], inputs: [ValueID] = [], results: [ValueID],
    nodes: [NodeID] = []
  ) {
    calls.append(
      Call(node: node, arguments: arguments, inputs: inputs, results: results, nodes: nodes))
  }
}
