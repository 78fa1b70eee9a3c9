import ECDiagnostics

extension ArchitectureError {
  /// One error of each reason, for tests of the words.
  public static let samples: [ArchitectureError] = {
    let file = Place.file("model.weights.h5")
    return [
      ArchitectureError(.unknownName("resnet5", similar: ["ResNet50"])),
      ArchitectureError(.unknownName("vit", similar: [])),
      ArchitectureError(.unknownOption("width")),
      ArchitectureError(.badValue(option: "top", "maybe", "yes or no")),
      ArchitectureError(.foreignOption("alpha", architecture: "VGG16")),
      ArchitectureError(.poolingWithTop),
      ArchitectureError(.openSize(architecture: "VGG16")),
      ArchitectureError(.smallImage(architecture: "Xception", side: 64, least: 71)),
      ArchitectureError(
        .mismatch(
          architecture: "VGG16",
          differences: ["layer 'fc1' has no weights in the file"], candidates: []), at: file),
      ArchitectureError(
        .mismatch(
          architecture: "VGG16",
          differences: (1...14).map { "layer 'conv\($0)' has no weights in the file" },
          candidates: ["ResNet50", "ResNet101"]), at: file),
      ArchitectureError(
        .formerModel(
          architecture: "ResNet50", difference: "Keras before 2.3, where epsilon is 1e-3"),
        at: file),
      ArchitectureError(.imagenetUnknown(architecture: "EfficientNetB0"), at: file),
    ]
  }()
}
