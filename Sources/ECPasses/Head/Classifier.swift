public import ECGraph
import ECOperators
import ECTensor

/// The last classifier of a network: a linear map of features to scores, found from the output back.
///
///     f -> Dense(kernel, bias) -> Softmax -> output
///
/// A convolution of one pixel is one as well. Where there is none, features are taken to be what the
/// output is.
public struct Classifier: Sendable {
  /// How the classifier is replaced.
  enum Form: Sendable {
    /// The dense layer or convolution stays and gets other weights.
    case inPlace(NodeID)
    /// Everything behind the features is left out and made anew.
    case anew
  }

  /// The layer that gives the scores; `nil` where there is none.
  public let layer: String?
  /// Whether probabilities leave the network, and not scores.
  public let hasSoftmax: Bool
  /// What the classifier reads, `[n, f]`, or pictures that are averaged.
  let features: ValueID
  let form: Form
  /// The constant that is added to the scores after the product, by its reader.
  let shift: (node: NodeID, operand: Int)?
  /// Operators that state the number of classes.
  let reshapes: [NodeID]
  let output: ValueID

  /// Looks for the classifier of the first output.
  public init(in graph: Graph) throws(GraphError) {
    guard let output = graph.outputs.first else {
      throw GraphError(.refused("the network has no output"))
    }
    var walk = Walk(graph, from: output)
    walk.run()
    self.output = output
    hasSoftmax = walk.hasSoftmax
    shift = walk.shift
    reshapes = walk.reshapes
    if let id = walk.found, let read = graph[id].inputs[0] {
      layer = graph[id].origin.isEmpty ? graph[id].name : graph[id].origin
      features = read
      form = walk.isPlain && graph.outputs.count == 1 ? .inPlace(id) : .anew
    } else {
      (layer, features, form) = (nil, output, .anew)
    }
  }

  /// Whether the layers that are there stay, with other weights; Keras' files can then stay as they
  /// are.
  public var keepsLayers: Bool {
    if case .inPlace = form { return true }
    return false
  }
}

/// Follows the first operand of operators that pass scores on.
private struct Walk {
  private let graph: Graph
  private let readers: [ValueID: [(node: NodeID, operand: Int)]]
  private var value: ValueID
  private(set) var found: NodeID?
  private(set) var hasSoftmax = false
  private(set) var shift: (node: NodeID, operand: Int)?
  private(set) var reshapes: [NodeID] = []
  /// Whether nothing stands between classifier and output but what the new one has too.
  private(set) var isPlain = true

  init(_ graph: Graph, from output: ValueID) {
    self.graph = graph
    readers = graph.consumers()
    value = output
  }

  mutating func run() {
    while found == nil, let id = graph[value].producer {
      let node = graph[id]
      guard let next = node.inputs.first ?? nil else { return }
      if isClassifier(node) {
        found = id
        isPlain = isPlain && hasOwnWeights(node) && !isSpread(node)
        return
      }
      switch node.op {
      case let softmax as Softmax:
        hasSoftmax = true
        isPlain = isPlain && softmax.name == "Softmax"
      case let op as Elementwise where op.kind == .add:
        guard let operand = constantOperand(node) else { return }
        isPlain = isPlain && operand == 1 && shift == nil && isRow(node.inputs[1])
        shift = (id, operand)
        value = node.inputs[1 - operand] ?? next
        continue
      case let reshape as Reshape:
        isPlain = isPlain && reshape.batch == .one && !isPooled(node)
        reshapes.append(id)
      case is Flatten, is Squeeze, is Cast: break
      case is Activation, is GlobalPool, is Pool, is Reduce, is Transpose: isPlain = false
      default: return
      }
      isPlain = isPlain && (readers[next] ?? []).count == 1
      value = next
    }
  }

  /// Whether a node maps features of one place to scores by constant weights.
  private func isClassifier(_ node: Node) -> Bool {
    guard node.inputs.count > 1, let kernel = graph.constant(node.inputs[1]) else { return false }
    if node.op is Dense { return graph[node.outputs[0]].type.rank == 2 }
    guard node.op is Convolution, let x = node.inputs[0] else { return false }
    return kernel.shape.count == 4 && kernel.shape.suffix(2) == [1, 1]
      && graph[x].type.shape.contains(.fixed(kernel.shape[1]))
  }

  private func constantOperand(_ node: Node) -> Int? {
    node.inputs.firstIndex { graph.constant($0) != nil }
  }

  private func isRow(_ id: ValueID?) -> Bool { graph.constant(id)?.shape.count == 1 }

  /// Whether weights are read by this node alone.
  private func hasOwnWeights(_ node: Node) -> Bool {
    node.inputs.dropFirst().compactMap { $0 }.allSatisfy { (readers[$0] ?? []).count == 1 }
  }

  /// Whether scores are made at several places of a picture.
  private func isSpread(_ node: Node) -> Bool {
    guard node.op is Convolution, let count = elements(of: node.outputs[0]) else { return false }
    return count != graph.constant(node.inputs[1])?.shape[0]
  }

  /// Whether a reshape does more than to leave out axes of one element.
  private func isPooled(_ node: Node) -> Bool {
    guard let x = node.inputs[0], let before = graph[x].type.fixedShapeAfterBatch,
      let after = graph[node.outputs[0]].type.fixedShapeAfterBatch
    else { return true }
    return before.filter { $0 != 1 } != after.filter { $0 != 1 }
  }

  private func elements(of value: ValueID) -> Int? {
    graph[value].type.fixedShapeAfterBatch?.reduce(1, *)
  }
}
