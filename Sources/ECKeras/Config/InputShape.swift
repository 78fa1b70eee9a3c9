import ECGraph
import ECTensor

/// The extents that an architecture states for an input; the batch first, `nil` where open.
struct InputShape: Equatable {
  let extents: [Int?]

  init(_ extents: [Int?]) {
    self.extents = extents
  }

  /// The shape in a list that includes the batch.
  private init?(withBatch value: FormatValue?) {
    guard let list = value?.list, !list.isEmpty,
      list.allSatisfy({ $0.isNull || ($0.list == nil && $0.int.map { $0 > 0 } ?? false) })
    else { return nil }
    extents = list.map(\.int)
  }

  /// The shape in the configuration of an input layer, or of any layer that states its input.
  init?(config: FormatObject) {
    for key in ["batch_shape", "batch_input_shape"] {
      if let shape = InputShape(withBatch: config[key]) {
        self = shape
        return
      }
    }
    for key in ["shape", "input_shape"] {
      guard let list = config[key]?.list else { continue }
      if let shape = InputShape(withBatch: .list([.null] + list)) {
        self = shape
        return
      }
    }
    guard let count = config["input_dim"]?.int, count > 0 else { return nil }
    extents = [nil, count]
  }

  /// The shape of a Sequential that begins with a layer that is no input layer.
  init?(firstLayer: LayerSource, of config: FormatObject) {
    if let shape = InputShape(config: firstLayer.config) {
      self = shape
    } else if let model = firstLayer.model, let name = model.inputs.first?.layer,
      let input = model.layers.first(where: { $0.name == name }),
      let shape = InputShape(config: input.config)
    {
      self = shape
    } else if let shape = InputShape(withBatch: config["build_input_shape"]) {
      self = shape
    } else {
      return nil
    }
  }

  /// What the first weight of a model tells of its input: the rank, and the channels in last place.
  /// - Parameter kernel: `(…, in, out)`, as convolutions and dense layers store it.
  init?(kernel: [Int]) {
    guard kernel.count >= 2 else { return nil }
    extents = [Int?](repeating: nil, count: kernel.count - 1) + [kernel[kernel.count - 2]]
  }

  /// The shape as an input layer's configuration has it.
  var config: FormatValue { .list(extents.map { $0.map { .int($0) } ?? .null }) }

  /// The type of the graph's input; open extents are named after the input and the axis.
  func type(name: String) -> ValueType {
    ValueType(
      .float32,
      extents.enumerated().map { axis, extent in
        if axis == 0 { return .symbolic("batch") }
        return extent.map { .fixed($0) } ?? .symbolic("\(name)_axis\(axis)")
      })
  }
}
