public import ECGraph
public import ECTensor

/// A Keras model as a graph, with what its file says besides.
public struct KerasModel: Sendable {
  /// The model.
  public let graph: Graph
  /// The version of Keras that wrote the file, where it says so.
  public let version: String?
  /// The backend of Keras, where the file says so.
  public let backend: String?
  /// The generation of Keras in whose terms the file is written.
  public let dialect: KerasDialect
  /// Remarks for the user, each a clause without a full stop.
  public let notes: [String]
  /// The architecture (`model_config`) as the file has it, to be written back.
  public let config: FormatValue
  /// How the file lays out its weights.
  public let layout: WeightLayout
  /// The groups of weights in the order of the file (`layer_names`), also those without weights;
  /// in the layout of version 3 in the order of the layers.
  public let groups: [StoredGroup]
  /// Where the layers are in the graph.
  let record: KerasRecord

  /// The producer in words, such as `keras 2.15.0`.
  public var producer: String { version.map { "keras \($0)" } ?? "keras" }

  /// How a file lays out its weights.
  public enum WeightLayout: Sendable, Equatable {
    /// A group for each layer of the outermost model, in the group `root`, empty for the file's root.
    case legacy(root: String)
    /// Nested groups with numbered weights, as in `.weights.h5` and in `.keras` archives.
    case version3
  }

  /// The weights of one layer; in the legacy layout, of one layer or nested model of the outermost
  /// model.
  public struct StoredGroup: Sendable {
    /// The name of the layer or nested model; in the layout of version 3, the group's path.
    public let name: String
    /// The weights in the order of the file (`weight_names`).
    public let weights: [StoredWeight]
  }

  /// One stored weight.
  public struct StoredWeight: Sendable {
    /// The path of the data set within its group, as the file has it.
    public let name: String
    /// The layer that owns it, with the names of the models around it; `nil` if it isn't read.
    public let layer: String?
    /// The name by which rules know it, such as `kernel`; `nil` if it isn't read.
    public let weight: String?
    /// The initializers of the graph that the layer's rule made, by the names the rule gave them.
    public internal(set) var initializers: [String: String]
    /// The extents in the file.
    public let shape: [Int]
    /// The type of its elements in the file.
    public let elementType: ElementType?
  }
}
