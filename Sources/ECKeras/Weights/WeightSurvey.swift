import ECDiagnostics
import ECGraph
import ECHDF5

extension WeightFile {
  /// What a file of weights holds: one group for each layer that has some, under the layer's name,
  /// or under the group's path where the file doesn't say it.
  func survey(_ layout: KerasModel.WeightLayout) throws(KerasError) -> [KerasModel.StoredGroup] {
    switch layout {
    case .legacy(let root):
      let prefix = root.isEmpty ? "" : root + "/"
      var groups: [KerasModel.StoredGroup] = []
      for name in try names("layer_names", of: root) ?? [] {
        let weights = try names("weight_names", of: prefix + name) ?? []
        if weights.isEmpty { continue }
        groups.append(try group(name, at: prefix + name, weights))
      }
      return groups
    case .version3:
      return try survey(below: "")
    }
  }

  private func survey(below path: String) throws(KerasError) -> [KerasModel.StoredGroup] {
    var groups: [KerasModel.StoredGroup] = []
    for member in try members(of: path) where path != "" || !member.hasPrefix("optimizer") {
      let inner = path.isEmpty ? member : "\(path)/\(member)"
      guard member == "vars" else {
        groups += try survey(below: inner)
        continue
      }
      let weights = try members(of: inner).compactMap { Int($0) }.sorted().map { "\($0)" }
      if weights.isEmpty { continue }
      groups.append(try group(try text("name", of: inner) ?? path, at: inner, weights))
    }
    return groups
  }

  private func group(_ name: String, at path: String, _ weights: [String]) throws(KerasError)
    -> KerasModel.StoredGroup
  {
    var stored: [KerasModel.StoredWeight] = []
    for weight in weights {
      let description = try description("\(path)/\(weight)")
      stored.append(
        KerasModel.StoredWeight(
          name: weight, layer: nil, weight: nil, initializers: [:], shape: description.shape,
          elementType: description.elementKind.elementType))
    }
    return KerasModel.StoredGroup(name: name, weights: stored)
  }
}

/// What the names of layers betray of an architecture of keras.applications.
enum FamilyGuess {
  /// Layers that only one architecture has, unless one further up in the list is there too.
  private static let signs: [(layer: String, family: String)] = [
    ("block5_conv4", "VGG19"), ("block5_conv3", "VGG16"),
    ("conv4_block48_0_bn", "DenseNet201"), ("conv4_block32_0_bn", "DenseNet169"),
    ("conv4_block24_0_bn", "DenseNet121"),
    ("conv4_block36_preact_bn", "ResNet152V2"), ("conv4_block23_preact_bn", "ResNet101V2"),
    ("conv4_block6_preact_bn", "ResNet50V2"),
    ("conv4_block36_3_conv", "ResNet152"), ("conv4_block23_3_conv", "ResNet101"),
    ("conv4_block6_3_conv", "ResNet50"),
    ("conv_pw_13", "MobileNet"), ("block_16_project", "MobileNetV2"),
    ("expanded_conv_14/project", "MobileNetV3Large"),
    ("expanded_conv_14_project", "MobileNetV3Large"),
    ("expanded_conv_10/project", "MobileNetV3Small"),
    ("expanded_conv_10_project", "MobileNetV3Small"),
    ("block14_sepconv2", "Xception"), ("block8_10_conv", "InceptionResNetV2"),
    ("normal_conv_1_18", "NASNetLarge"), ("normal_conv_1_12", "NASNetMobile"),
    ("conv2d_93", "InceptionV3"),
  ]

  /// The architecture, or `nil` if the names tell of none.
  static func family(_ names: [String]) -> String? {
    let known = Set(names)
    if let size = ["tiny", "small", "base", "large", "xlarge"].first(where: { size in
      names.contains { $0.hasPrefix("convnext_\(size)_") }
    }) {
      return "ConvNeXt"
        + (size == "xlarge" ? "XLarge" : size.prefix(1).uppercased() + size.dropFirst())
    }
    if let family = efficientNet(known) { return family }
    return signs.first { known.contains($0.layer) }?.family
  }

  /// EfficientNets differ in how often each block is repeated; B1 and B2 only in their widths.
  private static func efficientNet(_ names: Set<String>) -> String? {
    guard names.contains("stem_conv") else { return nil }
    let letters = Array("abcdefghijklmnopqrstuvwxyz")
    let repeats = (1...7).map { block in
      letters.prefix { names.contains("block\(block)\($0)_project_conv") }.count
    }
    let known: [[Int]: String] = [
      [1, 2, 2, 3, 3, 4, 1]: "EfficientNetB0", [2, 3, 3, 4, 4, 5, 2]: "EfficientNetB1",
      [2, 3, 3, 5, 5, 6, 2]: "EfficientNetB3", [2, 4, 4, 6, 6, 8, 2]: "EfficientNetB4",
      [3, 5, 5, 7, 7, 9, 3]: "EfficientNetB5", [3, 6, 6, 8, 8, 11, 3]: "EfficientNetB6",
      [4, 7, 7, 10, 10, 13, 4]: "EfficientNetB7",
      [1, 2, 2, 3, 5, 8, 0]: "EfficientNetV2B0", [2, 3, 3, 4, 6, 9, 0]: "EfficientNetV2B1",
      [2, 3, 3, 4, 6, 10, 0]: "EfficientNetV2B2", [2, 3, 3, 5, 7, 12, 0]: "EfficientNetV2B3",
      [2, 4, 4, 6, 9, 15, 0]: "EfficientNetV2S", [3, 5, 5, 7, 14, 18, 5]: "EfficientNetV2M",
      [4, 7, 7, 10, 19, 25, 7]: "EfficientNetV2L",
    ]
    return known[repeats]
  }
}
