public import ECGraph

/// An architecture that comes from elsewhere than the weights.
public struct KerasArchitecture: Sendable {
  /// What the user calls it, such as `model.json` or `ResNet50`.
  public let name: String
  let config: @Sendable ([KerasModel.StoredGroup]) throws(FormatError) -> FormatValue

  /// An architecture as `model.to_json()` gives it, from any generation of Keras.
  public init(name: String, config: FormatValue) {
    self.name = name
    self.config = { _ in config }
  }

  /// An architecture that is made to fit the weights.
  /// - Parameter config: makes what `model.to_json()` would give. It's handed what the file holds:
  ///   one group for each layer with weights, under the layer's name, or under the group's path
  ///   where a file of Keras 3 doesn't say the name.
  public init(
    name: String,
    fitting config:
      @escaping @Sendable ([KerasModel.StoredGroup]) throws(FormatError) -> FormatValue
  ) {
    self.name = name
    self.config = config
  }
}
