import ECDiagnostics
import ECGraph
import ECHDF5
import ECKeras
import ECTestSupport
import Testing

/// Files that aren't whole legacy models.
struct RefusalTests {
  private let dense = """
    {"class_name": "Sequential", "config": [{"class_name": "Dense",
      "config": {"name": "d", "units": 2, "use_bias": false, "batch_input_shape": [null, 3]}}]}
    """

  private func importing(_ bytes: [UInt8]) -> KerasError? {
    let folder = Fixture.temporaryFolder()
    defer { Fixture.removeFolder(folder) }
    Fixture.write(bytes, to: "\(folder)/model.h5")
    return importFault("\(folder)/model.h5")
  }

  @Test func `files of other kinds are told apart`() {
    let zip: [UInt8] = [0x50, 0x4B, 3, 4]
    let kinds: [([UInt8], SourceKind)] = [
      (zip + Array("archive/data.pkl".utf8), .torchArchive),
      (zip + Array("model/saved_model.pb".utf8), .savedModel),
      ([28, 0, 0, 0] + Array("TFL3 and more".utf8), .tensorFlowLite),
      (Array("version https://git-lfs.github.com/spec/v1\noid sha256:0".utf8), .gitPointer),
      (Array("<!DOCTYPE html><html><body>404</body></html>".utf8), .webPage),
      ([], .empty), (Array("anything else at all".utf8), .other),
    ]
    for (bytes, kind) in kinds {
      #expect(importing(bytes)?.reason == .otherFile(kind))
    }
    #expect(importFault(Fixture.path("keras"))?.reason == .otherFile(.folder))
  }

  @Test func `a file that isn't there has its own exit code`() {
    let fault = importFault("/nowhere/model.h5")
    #expect(fault?.category == .missingInput)
    #expect(fault.map { "\($0.place)" } == "model.h5")
  }

  @Test func `a file cut short is told so`() throws {
    let bytes = try #require(Fixture.bytes(Fixture.path("keras/multi_io_k3.h5")))
    for count in [bytes.count / 2, bytes.count - 100, 600, 100] {
      let fault = try #require(importing(Array(bytes.prefix(count))))
      guard case .hdf5 = fault.reason else {
        Issue.record("\(count): \(fault.reason)")
        continue
      }
      #expect(fault.category == .input)
    }
  }

  @Test func `weights without a model are told apart`() throws {
    #expect(
      try ModelFile(groups: [
        ("input", []),
        ("block5_conv3", [ModelFile.Weight(name: "kernel:0", shape: [1], value: 0)]),
      ]).fault()?.reason == .weightsOnly(groupCount: 1, family: "VGG16"))
    let folder = Fixture.temporaryFolder()
    defer { Fixture.removeFolder(folder) }
    for (name, reason) in [
      ("layers/conv2d/vars", KerasError.Reason.weightsOnly(groupCount: 1, family: nil)),
      ("images/train", .unknownContent(members: ["images"])),
    ] {
      let path = "\(folder)/model.h5"
      let writer = try HDF5Writer(creating: path)
      try writer.dataset("\(name)/0", shape: [1], [1])
      try writer.close()
      #expect(importFault(path)?.reason == reason)
    }
  }

  @Test func `what a broken architecture lacks is said`() throws {
    #expect(
      try ModelFile(config: #"{"class_name": "Sequential", "#).fault()?.reason
        == .badJSON("a key is missing", offset: 29))
    #expect(
      try ModelFile(config: "[]").fault()?.reason
        == .badConfig("the architecture has no 'class_name' or no 'config'"))
    #expect(
      try ModelFile(config: #"{"class_name": "MyModel", "config": {}}"#).fault()?.reason
        == .notModel(className: "MyModel"))
    #expect(
      try ModelFile(config: #"{"class_name": "Sequential", "config": []}"#).fault()?.reason
        == .badConfig("the Sequential 'sequential' has no layers"))
  }

  @Test func `weights that are missing are named`() throws {
    var file = ModelFile(config: dense)
    #expect(try file.fault()?.reason == .missingGroup)
    let weight = ModelFile.Weight(name: "d/kernel:0", shape: [3, 2], value: 0, isMissing: true)
    file.groups = [("d", [weight])]
    let fault = try #require(try file.fault())
    #expect(fault.reason == .missingDataset("d/kernel:0"))
    #expect("\(fault.place)" == "model.h5 › layer 'd'")
    file.groups = [("d", [])]
    #expect(try file.fault()?.reason == .weightNames(expected: ["kernel"], found: []))
  }

  @Test func `a weight of another shape is refused by the layer's rule`() throws {
    var file = ModelFile(config: dense)
    file.groups = [("d", [ModelFile.Weight(name: "d/kernel:0", shape: [3, 5], value: 0)])]
    let fault = try #require(try file.fault())
    #expect(
      Renderer(colour: false).render(fault)
        == "error: model.h5 › layer 'd': weight 'kernel': shape is [3, 5], expected [3, 2]")
  }

  @Test func `all layers that can't be read are listed at once`() throws {
    let fault = try #require(
      try ModelFile(
        config: """
          {"class_name": "Sequential", "config": [
            {"class_name": "Lambda", "config": {"name": "l", "batch_input_shape": [null, 3]}},
            {"class_name": "Pkg>Gate", "config": {"name": "g"}},
            {"class_name": "Sequential", "config": {"name": "s", "layers": [
              {"class_name": "LSTM", "config": {"name": "r"}},
              {"class_name": "LSTM", "config": {"name": "t"}}]}},
            {"class_name": "Dense", "config": {"name": "q", "units": 2, "dtype":
              {"class_name": "QuantizedDTypePolicy", "config": {"name": "int8_from_float32"}}}}]}
          """
      ).fault())
    #expect(
      fault.details == [
        "Lambda (Python code): 'l'", "Pkg>Gate (a custom class): 'g'", "LSTM: 's/r', 's/t'",
        "Dense with dtype 'int8_from_float32': 'q'",
      ])
    #expect(fault.what == "5 layers can't be read")
  }
}
