import ECGraph

/// The result of a layer while a model is drawn; `shape` leaves out the batch, `nil` is open.
struct Output: Sendable {
  /// The layer's index in the order of drawing.
  let layer: Int
  /// `[h, w, c]` for images, `[c]` for vectors.
  let shape: [Int?]

  /// The extent of the last axis, which no layer drawn here leaves open.
  var channels: Int { shape[shape.count - 1] ?? 0 }
  var height: Int? { shape[0] }
  var width: Int? { shape[1] }
}

/// One layer of a model that is being drawn.
package struct LayerDraft: Sendable {
  /// What stands in the call of a layer.
  enum Argument: Sendable {
    case output(Output)
    case list([Output])
    case number(Double)
  }

  /// What Keras counts a layer as.
  enum Kind: Sendable, Equatable {
    case input
    case layer
    /// A function of arrays that is recorded as a layer, but has no state and no settings.
    case operation
    /// A class that belongs to one family of `keras.applications`; its module.
    case custom(module: String)
    case sequential
  }

  /// A weight that a layer owns, by its name in Keras 3.
  package struct Weight: Sendable, Equatable {
    package let name: String
    package let shape: [Int]
  }

  package var name: String
  package let className: String
  let kind: Kind
  /// The settings besides name, type and whether it is trained.
  let config: FormatObject
  let arguments: [Argument]
  let shape: [Int?]
  /// In the order in which Keras stores them; of a nested model those of all its layers.
  let weights: [Weight]
  /// The layers of a nested model.
  var inner: [LayerDraft] = []

  /// The layers whose results it takes, in order.
  var inputs: [Int] {
    arguments.flatMap { argument -> [Int] in
      switch argument {
      case .output(let output): [output.layer]
      case .list(let outputs): outputs.map(\.layer)
      case .number: []
      }
    }
  }
}
