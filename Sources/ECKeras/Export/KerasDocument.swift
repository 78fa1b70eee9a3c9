public import ECGraph
public import ECTensor

/// A Keras model as its file has it: the architecture as Keras writes it, and the weights.
///
/// Both containers are written from it: legacy HDF5 (`model_config` and groups by layer), and the
/// `.keras` archive (`config.json` and numbered variables).
public struct KerasDocument: Sendable {
  /// The architecture: an object with `class_name` and `config`.
  public var architecture: FormatValue
  /// The version of Keras in whose terms the architecture is written, such as `2.15.0`.
  public var version: String
  /// The backend of Keras.
  public var backend: String
  /// The layers in any order, also those without weights; the operations of Keras 3 aren't layers.
  public var layers: [Layer]

  /// The names of the classes in the order of the scores, where they are known; Keras itself doesn't
  /// keep them when it saves the model again.
  public var classes: [String] = []

  /// Makes a document.
  public init(
    architecture: FormatValue, version: String, backend: String = "tensorflow", layers: [Layer]
  ) {
    self.architecture = architecture
    self.version = version
    self.backend = backend
    self.layers = layers
  }

  /// A layer or a nested model, with the weights inside.
  public struct Layer: Sendable {
    /// The name within its model.
    public let name: String
    /// The class name, which numbers the layer in an archive.
    public let className: String
    /// Whether its weights are trained; a model that isn't freezes all layers inside.
    public let isTrainable: Bool
    /// What it holds.
    public let content: Content

    /// Makes a layer.
    public init(name: String, className: String, isTrainable: Bool = true, content: Content) {
      self.name = name
      self.className = className
      self.isTrainable = isTrainable
      self.content = content
    }
  }

  /// What a layer holds.
  public enum Content: Sendable {
    /// The weights in creation order.
    case weights([Weight])
    /// The layers of a nested model.
    case model([Layer])
  }

  /// One weight as Keras stores it.
  public struct Weight: Sendable {
    /// The name within the layer: `kernel`, `query/kernel`.
    public let name: String
    /// The elements, in Keras' order of axes and in the type that the file gets.
    public let tensor: Tensor
    /// Whether it is trained by gradients, unlike statistics.
    public let isTrainable: Bool
    /// The attribute of the layer that holds the layer owning it, if one inside does.
    public let sublayer: String?

    /// Makes a weight.
    public init(
      _ name: String, _ tensor: Tensor, isTrainable: Bool = true, sublayer: String? = nil
    ) {
      self.name = name
      self.tensor = tensor
      self.isTrainable = isTrainable
      self.sublayer = sublayer
    }
  }
}

extension KerasDocument.Layer {
  /// A weight of this layer or of one inside, with the names of the layers on the way to it.
  struct PlacedWeight {
    let path: [String]
    let weight: KerasDocument.Weight
  }

  /// All weights in the order in which Keras lists them: what is trained; then, layer by layer,
  /// what isn't.
  var listedWeights: [PlacedWeight] { trained(at: []) + untrained(at: []) }

  private func own(at path: [String]) -> (trained: [PlacedWeight], statistics: [PlacedWeight]) {
    guard case .weights(let weights) = content else { return ([], []) }
    let here = path + [name]
    let placed = weights.map { PlacedWeight(path: here, weight: $0) }
    return (placed.filter(\.weight.isTrainable), placed.filter { !$0.weight.isTrainable })
  }

  private var children: [KerasDocument.Layer] {
    if case .model(let layers) = content { layers } else { [] }
  }

  private func trained(at path: [String]) -> [PlacedWeight] {
    guard isTrainable else { return [] }
    return own(at: path).trained + children.flatMap { $0.trained(at: path + [name]) }
  }

  private func untrained(at path: [String]) -> [PlacedWeight] {
    let own = own(at: path)
    let inside = path + [name]
    if isTrainable {
      return own.statistics + children.flatMap { $0.untrained(at: inside) }
    }
    return own.trained + own.statistics
      + children.flatMap { $0.trained(at: inside) + $0.untrained(at: inside) }
  }
}

extension KerasDocument {
  /// The bytes of the architecture and of all weights; a file has some more for its own tables.
  public var byteCount: Int {
    func bytes(_ layers: [Layer]) -> Int {
      layers.reduce(0) { sum, layer in
        switch layer.content {
        case .weights(let weights): sum + weights.reduce(0) { $0 + $1.tensor.byteCount }
        case .model(let inner): sum + bytes(inner)
        }
      }
    }
    return architecture.json().utf8.count + bytes(layers)
  }
}
