import ECGraph
import ECKeras
import Testing

/// A Sequential around a nested model of Dense, BatchNormalization and Dense, which may be frozen; the
/// weights get the numbers 1, 2, 3, … in the order of the file.
struct WeightOrderTests {
  private static let modern = [
    "a/kernel", "a/bias", "n/gamma", "n/beta", "b/kernel", "b/bias", "n/moving_mean",
    "n/moving_variance",
  ]

  private func file(
    _ names: [String], frozen: Set<String> = [], version: String = "2.15.0"
  ) -> ModelFile {
    func layer(_ className: String, _ name: String, _ more: String) -> String {
      """
      {"class_name": "\(className)", "config": {"name": "\(name)", "dtype": "float32", \
      "trainable": \(!frozen.contains(name)), \(more)}}
      """
    }
    let inner = """
      {"class_name": "Sequential", "config": {"name": "base", "layers": [
        \(layer("Dense", "a", "\"units\": 2, \"batch_input_shape\": [null, 2]")),
        \(layer("BatchNormalization", "n", "\"axis\": [1]")),
        \(layer("Dense", "b", "\"units\": 2"))]}}
      """
    var file = ModelFile(
      config: """
        {"class_name": "Sequential", "config": {"name": "top", "layers": [\(inner)]}}
        """)
    file.version = version
    let weights = names.enumerated().map { k, name in
      ModelFile.Weight(
        name: name, shape: name.contains("kernel") ? [2, 2] : [2], value: Float(k + 1))
    }
    file.groups = [("base", weights)]
    return file
  }

  private func values(_ model: KerasModel) -> [Float?] {
    Self.modern.map { first("base/\($0)", of: model) }
  }

  @Test func `names decide, whatever the order`() throws {
    let shuffled = [3, 2, 7, 6, 1, 0, 5, 4]
    let model = try file(shuffled.map { Self.modern[$0] + ":0" }).read()
    #expect(values(model) == [6, 5, 2, 1, 8, 7, 4, 3])
  }

  @Test func `without the layers' names the order of Keras decides`() throws {
    let leaves = Self.modern.map { $0.drop { $0 != "/" }.dropFirst() }
    let names = leaves.enumerated().map { "x\($0)/\($1)" }
    #expect(values(try file(names).read()) == [1, 2, 3, 4, 5, 6, 7, 8])
  }

  @Test func `frozen layers come last, with their statistics in place`() throws {
    // n is frozen: a, b, then all of n.
    let leaves = [
      "kernel", "bias", "kernel", "bias", "gamma", "beta", "moving_mean", "moving_variance",
    ]
    let names = leaves.enumerated().map { "x\($0)/\($1)" }
    #expect(values(try file(names, frozen: ["n"]).read()) == [1, 2, 5, 6, 3, 4, 7, 8])
  }

  @Test func `a wholly frozen model is listed layer by layer, but not by old Keras`() throws {
    let layered = [
      "kernel", "bias", "gamma", "beta", "moving_mean", "moving_variance", "kernel", "bias",
    ]
    let old = Self.modern.map { String($0.drop { $0 != "/" }.dropFirst()) }
    func numbered(_ leaves: [String]) -> [String] { leaves.enumerated().map { "x\($0)/\($1)" } }
    let frozen: Set = ["a", "n", "b"]
    #expect(
      values(try file(numbered(layered), frozen: frozen).read()) == [1, 2, 3, 4, 7, 8, 5, 6])
    #expect(
      values(try file(numbered(old), frozen: frozen, version: "2.2.4").read())
        == [1, 2, 3, 4, 5, 6, 7, 8])
  }

  @Test func `names that contradict the order are refused`() throws {
    var names = Self.modern.enumerated().map { "x\($0)/\($1.drop { $0 != "/" }.dropFirst())" }
    names.swapAt(2, 6)
    let fault = try #require(try file(names).fault())
    #expect(
      fault.reason
        == .weightNames(
          expected: [
            "base/a/kernel", "base/a/bias", "base/n/gamma", "base/n/beta", "base/n/moving_mean",
            "base/n/moving_variance", "base/b/kernel", "base/b/bias",
          ], found: names))
    #expect("\(fault.place)" == "model.h5 › layer 'base'")
  }

  @Test func `names without meaning are taken in order`() throws {
    let file = file((0..<8).map { [0, 4].contains($0) ? "w\($0)_kernel" : "w\($0)" })
    #expect(values(try file.read()) == [1, 2, 3, 4, 5, 6, 7, 8])
  }

  @Test func `a weight too few is refused`() throws {
    let fault = try #require(try file(Array(Self.modern.dropLast())).fault())
    guard case .weightNames(let expected, let found) = fault.reason else {
      Issue.record("\(fault.reason)")
      return
    }
    #expect(expected.count == 8)
    #expect(found.count == 7)
  }
}
