import ECGraph
import ECKeras
import ECOperators
import ECTensor
import ECTestSupport
import Glibc
import Testing

@Suite struct KerasWriterTests {
  @Test func `a written model is read back with its weights`() throws {
    try withWritten(Self.nested(trainable: true)) { path in
      let model = try KerasImporter(table: .standard).model(contentsOf: path)
      #expect(model.version == "2.15.0")
      #expect(model.backend == "tensorflow")
      #expect(first("base/conv/kernel", of: model) == 1)
      #expect(first("base/norm/moving_variance", of: model) == 5)
      #expect(first("head/kernel", of: model) == 6)
      #expect(model.groups.map(\.name) == ["img", "base", "pool", "head"])
    }
  }

  @Test(arguments: [
    (true, ["conv/kernel:0", "norm/gamma:0", "norm/beta:0", "last/kernel:0"] + statistics),
    (false, ["conv/kernel:0", "norm/gamma:0", "norm/beta:0"] + statistics + ["last/kernel:0"]),
  ])
  func `weights of a nested model stand in the order in which Keras loads them`(
    trainable: Bool, names: [String]
  ) throws {
    try withWritten(Self.nested(trainable: trainable)) { path in
      let model = try KerasImporter(table: .standard).model(contentsOf: path)
      #expect(model.groups[1].weights.map(\.name) == names)
    }
  }

  static let statistics = ["norm/moving_mean:0", "norm/moving_variance:0"]

  @Test func `equal models give equal bytes`() throws {
    let bytes = try (0..<2).map { _ in
      try withWritten(Self.nested(trainable: true)) { Fixture.bytes($0) }
    }
    #expect(bytes[0] == bytes[1])
  }

  @Test func `an archive is read back with its weights`() throws {
    let folder = Fixture.temporaryFolder()
    defer { Fixture.removeFolder(folder) }
    try KerasWriter(Self.nested(trainable: true)).writeArchive(
      toFile: "\(folder)/model.keras", scratch: "\(folder)/weights.h5")
    let model = try KerasImporter(table: .standard).model(contentsOf: "\(folder)/model.keras")
    #expect(first("base/conv/kernel", of: model) == 1)
    #expect(first("base/last/kernel", of: model) == 7)
    #expect(first("base/norm/moving_mean", of: model) == 4)
    #expect(first("head/kernel", of: model) == 6)
  }

  @Test func `a folder that isn't there is named`() throws {
    let fault = #expect(throws: KerasError.self) {
      try KerasWriter(Self.nested(trainable: true)).writeHDF5(toFile: "/nowhere/model.h5")
    }
    #expect(fault?.category == .output)
    #expect(fault?.place.trail == ["model.h5"])
  }

  // MARK: Material

  /// A nested model with a convolution, a batch normalization and another convolution, and a head.
  static func nested(trainable: Bool) throws -> KerasDocument {
    func input(_ name: String) -> String {
      #"{"class_name": "InputLayer", "name": "\#(name)", "inbound_nodes": [], "config": "#
        + #"{"name": "\#(name)", "batch_input_shape": [null, 4, 4, 1], "dtype": "float32"}}"#
    }
    func layer(_ type: String, _ name: String, after: String, _ config: String) -> String {
      #"{"class_name": "\#(type)", "name": "\#(name)", "inbound_nodes": [[["\#(after)", 0, 0]]], "#
        + #""config": {"name": "\#(name)", "trainable": \#(trainable)\#(config)}}"#
    }
    let convolution = #", "filters": 2, "kernel_size": [1, 1], "use_bias": false"#
    let base =
      #"{"name": "base", "trainable": \#(trainable), "layers": ["#
      + [
        input("bin"), layer("Conv2D", "conv", after: "bin", convolution),
        layer("BatchNormalization", "norm", after: "conv", ""),
        layer("Conv2D", "last", after: "norm", convolution),
      ].joined(separator: ",")
      + #"], "input_layers": [["bin", 0, 0]], "output_layers": [["last", 0, 0]]}"#
    let model =
      #"{"class_name": "Functional", "config": {"name": "top", "layers": ["#
      + [
        input("img"),
        #"{"class_name": "Functional", "name": "base", "inbound_nodes": [[["img", 0, 0, {}]]], "#
          + #""config": \#(base)}"#,
        layer("GlobalAveragePooling2D", "pool", after: "base", ""),
        layer("Dense", "head", after: "pool", #", "units": 3, "use_bias": false"#),
      ].joined(separator: ",")
      + #"], "input_layers": [["img", 0, 0]], "output_layers": [["head", 0, 0]]}}"#
    func weight(_ name: String, _ shape: [Int], _ value: Float, isTrainable: Bool = true)
      -> KerasDocument.Weight
    {
      let numbers = [Float](repeating: value, count: shape.reduce(1, *))
      return KerasDocument.Weight(name, Tensor(numbers, shape: shape), isTrainable: isTrainable)
    }
    func leaf(_ name: String, _ type: String, _ weights: [KerasDocument.Weight] = [])
      -> KerasDocument.Layer
    {
      KerasDocument.Layer(
        name: name, className: type, isTrainable: trainable, content: .weights(weights))
    }
    let inner = [
      leaf("bin", "InputLayer"), leaf("conv", "Conv2D", [weight("kernel", [1, 1, 1, 2], 1)]),
      leaf(
        "norm", "BatchNormalization",
        [
          weight("gamma", [2], 2), weight("beta", [2], 3),
          weight("moving_mean", [2], 4, isTrainable: false),
          weight("moving_variance", [2], 5, isTrainable: false),
        ]), leaf("last", "Conv2D", [weight("kernel", [1, 1, 2, 2], 7)]),
    ]
    return KerasDocument(
      architecture: try FormatValue(json: model.utf8), version: "2.15.0",
      layers: [
        leaf("img", "InputLayer"),
        KerasDocument.Layer(
          name: "base", className: "Functional", isTrainable: trainable, content: .model(inner)),
        leaf("pool", "GlobalAveragePooling2D"),
        leaf("head", "Dense", [weight("kernel", [2, 3], 6)]),
      ])
  }

  private func withWritten<Result>(_ document: KerasDocument, _ body: (String) throws -> Result)
    throws -> Result
  {
    let folder = Fixture.temporaryFolder()
    defer { Fixture.removeFolder(folder) }
    let path = "\(folder)/model.h5"
    try KerasWriter(document).writeHDF5(toFile: path)
    return try body(path)
  }
}
