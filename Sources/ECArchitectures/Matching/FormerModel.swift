/// A model that had an architecture's name in earlier releases of Keras, and other settings.
///
/// Settings such as the epsilon of normalisation leave no trace in weights, and shapes are the same, so
/// that the names of the layers alone tell such files from today's. Where only names changed, as in
/// MobileNetV2, the order of the layers serves, and nothing stands here.
struct FormerModel {
  /// The architecture that has the name today.
  let architecture: String
  /// The releases, and what was different, for the user.
  let difference: String
  /// A layer that today's model doesn't have.
  let sign: String

  /// Source: `resnet50.py` of Keras 2.0 to 2.2 and of keras_applications up to 1.0.7.
  private static let all = [
    FormerModel(
      architecture: "ResNet50",
      difference: "Keras before 2.3, where epsilon is 1e-3 and the first pooling may be unpadded",
      sign: "res2a_branch2a")
  ]

  /// The former model that weights are those of.
  static func of(_ architecture: String, _ weights: StoredWeights) -> FormerModel? {
    all.first { former in
      former.architecture == architecture && weights.groups.contains { $0.name == former.sign }
    }
  }
}
