import Testing

import ECArchitectures

/// Weights as a file would hold them, made from a drawn model.
private func stored(
  _ request: String, _ layout: StoredWeights.Layout,
  elements: (LayerDraft.Weight) -> [Double]? = { _ in nil },
  name: (String) -> String = { $0 }
) throws -> StoredWeights {
  let request = try ArchitectureRequest(request)
  let model = try Architecture.named(request.name).model(request.options)
  return StoredWeights(
    layout: layout,
    groups: model.expectedGroups(layout).map { group in
      .init(
        name: name(group.name), path: layout == .names ? name(group.name) : group.path,
        weights: group.weights.map { .init(shape: $0.shape, elements: elements($0)) })
    })
}

@Suite struct FitTests {
  @Test(
    arguments: [StoredWeights.Layout.names, .classes],
    [
      ("MobileNetV2", "alpha=0.35,top=no", "size=224,alpha=0.35,top=no,pooling=none"),
      ("MobileNet", "alpha=0.6,classes=7", "size=224,alpha=0.6,classes=7,activation=softmax"),
      (
        "MobileNetV3Small", "minimalistic=yes,classes=12",
        "size=224,alpha=1.0,minimalistic=yes,preprocessing=yes,classes=12,activation=softmax"
      ),
      ("VGG16", "size=96,classes=5", "size=96,classes=5,activation=softmax"),
      ("ResNet50", "classes=2", "size=224,classes=2,activation=softmax"),
      ("ConvNeXtTiny", "classes=9", "size=224,preprocessing=yes,classes=9,activation=softmax"),
    ]) func `weights tell what isn't asked for`(
      layout: StoredWeights.Layout, model: (name: String, options: String, summary: String)
    ) throws
  {
    let weights = try stored("\(model.name):\(model.options)", layout)
    let found = try Architecture.named(model.name).model(.init(), fitting: weights)
    #expect(found.summary == model.summary)
  }

  @Test func `names tell the generation of Keras`() throws {
    let weights = try stored("MobileNetV3Large:names=keras2", .names)
    let found = try Architecture.named("MobileNetV3Large").model(.init(), fitting: weights)
    #expect(found.layers.contains { $0.name == "expanded_conv/depthwise" })
  }

  @Test func `weights of other names are taken by their order`() throws {
    let weights = try stored("InceptionV3:classes=4", .names) { _ in
      nil
    } name: {
      "\($0)_other"
    }
    let found = try Architecture.named("InceptionV3").model(.init(), fitting: weights)
    #expect(found.summary == "size=299,classes=4,activation=softmax")
  }

  @Test func `ResNet50 of Keras before 2_3 isn't taken for today's`() throws {
    let weights = try stored("ResNet50", .names) { _ in
      nil
    } name: {
      $0 == "conv2_block1_1_conv" ? "res2a_branch2a" : "former_\($0)"
    }
    let error = #expect(throws: ArchitectureError.self) {
      try Architecture.named("ResNet50").model(.init(), fitting: weights)
    }
    guard case .formerModel("ResNet50", _) = error?.reason else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test(arguments: [true, false])
  func `statistics tell an EfficientNet made for ImageNet`(isImageNet: Bool) throws {
    let numbers = isImageNet ? [0.229, 0.224, 0.225] : [1, 1, 1]
    let weights = try stored("EfficientNetB0", .classes) { $0.shape == [3] ? numbers : nil }
    let found = try Architecture.named("EfficientNetB0").model(.init(), fitting: weights)
    #expect(found.layers.filter { $0.className == "Rescaling" }.count == (isImageNet ? 2 : 1))
  }

  @Test func `an EfficientNet whose statistics aren't known must be told`() throws {
    let weights = try stored("EfficientNetB0", .names)
    #expect(
      throws: ArchitectureError(.imagenetUnknown(architecture: "EfficientNetB0"), at: .init())
    ) { try Architecture.named("EfficientNetB0").model(.init(), fitting: weights) }
  }

  @Test func `weights of another architecture are refused with its name`() throws {
    let weights = try stored("ResNet50:classes=3", .classes)
    let error = #expect(throws: ArchitectureError.self) {
      try Architecture.named("VGG16").model(.init(), fitting: weights)
    }
    guard case .mismatch("VGG16", let differences, let candidates) = error?.reason else {
      Issue.record("another fault")
      return
    }
    #expect(!differences.isEmpty)
    #expect(candidates == ["ResNet50"])
  }

  @Test(arguments: [
    "DenseNet169", "EfficientNetB3", "RegNetY004", "Xception", "MobileNetV2:alpha=0.5",
  ])
  func `weights are recognised whatever their classes`(request: String) throws {
    let weights = try stored(request + (request.contains(":") ? "," : ":") + "classes=17", .classes)
    #expect(Architecture.guess(weights).first == String(request.prefix { $0 != ":" }))
  }

  @Test func `nothing is made of unknown weights`() {
    let weights = StoredWeights(
      layout: .names,
      groups: [.init(name: "dense", path: "dense", weights: [.init(shape: [4, 2])])])
    #expect(Architecture.guess(weights).isEmpty)
  }
}
