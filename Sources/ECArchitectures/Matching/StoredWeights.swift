/// What a file of weights holds.
public struct StoredWeights: Sendable {
  /// How a file tells which weights belong to which layer.
  public enum Layout: Sendable {
    /// By the layer's name, in the order of the layers; a nested model is one group.
    case names
    /// By the layer's class and its count among layers of that class; groups have no order.
    case classes
  }

  /// The weights of a layer, or of a nested model.
  public struct Group: Sendable {
    /// The name of the layer, where the file says it.
    public let name: String?
    /// The path in the file, such as `conv1` or `layers/conv2d_3`.
    public let path: String
    public let weights: [Weight]

    /// Describes a group.
    public init(name: String?, path: String, weights: [Weight]) {
      self.name = name
      self.path = path
      self.weights = weights
    }
  }

  /// One weight.
  public struct Weight: Sendable {
    public let shape: [Int]
    /// The elements, where there are few and they are known.
    public let elements: [Double]?

    /// Describes a weight.
    public init(shape: [Int], elements: [Double]? = nil) {
      self.shape = shape
      self.elements = elements
    }
  }

  let layout: Layout
  /// Those that hold weights.
  let groups: [Group]

  /// Describes a file; groups without weights are left out.
  public init(layout: Layout, groups: [Group]) {
    self.layout = layout
    self.groups = groups.filter { !$0.weights.isEmpty }
  }
}
