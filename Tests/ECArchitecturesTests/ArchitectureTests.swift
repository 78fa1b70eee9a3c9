import ECGraph
import Testing

import ECArchitectures

@Suite struct ArchitectureTests {
  @Test func `names of architectures are unique`() {
    #expect(Set(Architecture.all.map(\.name)).count == Architecture.all.count)
  }

  @Test(arguments: ["EfficientNetV2B0", "efficientnetv2-b0", "EFFICIENTNET_V2_B0"])
  func `letter case, hyphens and underscores of a name don't matter`(name: String) throws {
    #expect(try Architecture.named(name).name == "EfficientNetV2B0")
  }

  @Test func `a name with a slip brings up the right one`() {
    #expect(throws: ArchitectureError(.unknownName("mobilnetv2", similar: ["MobileNetV2"]))) {
      try Architecture.named("mobilnetv2")
    }
  }

  @Test func `a request is a name with options`() throws {
    let request = try ArchitectureRequest("MobileNetV2:alpha=0.5,classes=10,top=no,size=96x160")
    #expect(request.name == "MobileNetV2")
    var options = ArchitectureOptions()
    options.alpha = 0.5
    options.classes = 10
    options.top = false
    options.size = .pixels(height: 96, width: 160)
    #expect(request.options == options)
  }

  @Test(arguments: [
    "m:classes=0", "m:classes=ten", "m:alpha=-1", "m:alpha=nan", "m:top=", "m:size=0",
    "m:size=1x2x3",
    "m:pooling=sum", "m:names=keras4", "m:activation=", "m:classes",
  ]) func `a value that makes no sense is refused`(request: String) {
    #expect(throws: ArchitectureError.self) { try ArchitectureRequest(request) }
  }

  @Test(arguments: [
    ("Conv2D", "conv2d"), ("ReLU", "re_lu"), ("GlobalAveragePooling2D", "global_average_pooling2d"),
    ("BatchNormalization", "batch_normalization"), ("CustomScaleLayer", "custom_scale_layer"),
  ]) func `classes become names as in Keras`(className: String, name: String) {
    #expect(className.snakeCase == name)
  }

  @Test func `every layer of every architecture reads layers in front of it`() throws {
    for architecture in Architecture.all {
      let config = try architecture.model().config.object?["config"]?.object
      var seen: Set<String> = []
      for layer in config?["layers"]?.list ?? [] {
        let read = history(layer.object?["inbound_nodes"] ?? .null)
        #expect(seen.isSuperset(of: read), "\(architecture.name)")
        let isNew = seen.insert(layer.object?["name"]?.string ?? "").inserted
        #expect(isNew, "\(architecture.name)")
      }
      #expect(seen.count > 20, "\(architecture.name)")
    }
  }

  private func history(_ value: FormatValue) -> [String] {
    if let list = value.list { return list.flatMap(history) }
    guard let object = value.object else { return [] }
    if let name = object["keras_history"]?.list?.first?.string { return [name] }
    return object.values.flatMap(history)
  }
}
