import ECDiagnostics
import ECGraph
import ECHDF5

/// What a file of weights holds, for finding the architecture that it belongs to.
public struct KerasWeightSurvey: Sendable {
  /// The weights of one layer; in the legacy layout, of one layer or nested model.
  public struct Group: Sendable {
    /// The layer's name, where the file says it.
    public let name: String?
    /// The group's path; in the legacy layout the name.
    public let path: String
    /// In the order of the file.
    public let weights: [Weight]
  }

  /// One weight.
  public struct Weight: Sendable {
    /// The extents in the file.
    public let shape: [Int]
    /// The elements, if there are at most four.
    public let elements: [Double]?
  }

  /// How the file lays out its weights.
  public let layout: KerasModel.WeightLayout
  /// The groups that hold weights; in the legacy layout in the order of the layers.
  public let groups: [Group]
}

extension KerasImporter {
  /// What a file of weights holds.
  /// - Parameter name: what the user calls the architecture that is looked for.
  /// - Throws: `KerasError` if the file can't be read, or says its architecture itself.
  public static func survey(weightsOf path: String, for name: String) throws(KerasError)
    -> KerasWeightSurvey
  {
    do throws(KerasError) {
      let file = try KerasFile(path: path)
      let header = file.header
      if header.architecture != nil { throw KerasError(.hasArchitecture(given: name)) }
      let weights = file.weights()
      return try weights.survey(header.layout)
    } catch {
      throw error.inside(.file(path))
    }
  }
}

extension WeightFile {
  /// What a file of weights holds: one group for each layer that has some.
  func survey(_ layout: KerasModel.WeightLayout) throws(KerasError) -> KerasWeightSurvey {
    switch layout {
    case .legacy(let root):
      let prefix = root.isEmpty ? "" : root + "/"
      var groups: [KerasWeightSurvey.Group] = []
      for name in try names("layer_names", of: root) ?? [] {
        let weights = try names("weight_names", of: prefix + name) ?? []
        if weights.isEmpty { continue }
        groups.append(
          .init(name: name, path: name, weights: try survey(weights, at: prefix + name)))
      }
      return KerasWeightSurvey(layout: layout, groups: groups)
    case .version3:
      return KerasWeightSurvey(layout: layout, groups: try survey(below: ""))
    }
  }

  private func survey(below path: String) throws(KerasError) -> [KerasWeightSurvey.Group] {
    var groups: [KerasWeightSurvey.Group] = []
    for member in try members(of: path) where path != "" || !member.hasPrefix("optimizer") {
      let inner = path.isEmpty ? member : "\(path)/\(member)"
      guard member == "vars" else {
        groups += try survey(below: inner)
        continue
      }
      let weights = try members(of: inner).compactMap { Int($0) }.sorted().map { "\($0)" }
      if weights.isEmpty { continue }
      groups.append(
        .init(
          name: try text("name", of: inner), path: path,
          weights: try survey(weights, at: inner)))
    }
    return groups
  }

  private func survey(_ weights: [String], at path: String) throws(KerasError)
    -> [KerasWeightSurvey.Weight]
  {
    var found: [KerasWeightSurvey.Weight] = []
    for weight in weights {
      let shape = try description("\(path)/\(weight)").shape
      let isSmall = shape.count == 1 && shape[0] <= 4
      found.append(
        .init(shape: shape, elements: isSmall ? try elements("\(path)/\(weight)") : nil))
    }
    return found
  }

  private func elements(_ path: String) throws(KerasError) -> [Double] {
    do {
      return try file.readFloats(path).map { Double($0) }
    } catch {
      throw KerasError(error)
    }
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
