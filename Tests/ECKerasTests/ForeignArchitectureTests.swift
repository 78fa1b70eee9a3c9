import ECGraph
import ECKeras
import ECOperators
import Testing

/// Files of weights, with an architecture from elsewhere.
struct ForeignArchitectureTests {
  /// Two dense layers, three to two to three.
  private func config(_ first: String, _ second: String) -> String {
    """
    {"class_name": "Sequential", "config": [
      {"class_name": "Dense", "config": {"name": "\(first)", "units": 2, "use_bias": false,
        "batch_input_shape": [null, 3]}},
      {"class_name": "Dense", "config": {"name": "\(second)", "units": 3, "use_bias": false}}]}
    """
  }

  private func file(_ first: String, _ second: String, rows: Int = 3) -> ModelFile {
    ModelFile(groups: [
      (first, [ModelFile.Weight(name: "\(first)/kernel:0", shape: [rows, 2], value: 1)]),
      (second, [ModelFile.Weight(name: "\(second)/kernel:0", shape: [2, rows], value: 2)]),
    ])
  }

  private func read(_ file: ModelFile, _ config: String) throws -> KerasModel {
    let architecture = KerasArchitecture(
      name: "model.json", config: try FormatValue(json: config.utf8))
    return try file.write {
      try KerasImporter(table: .standard).model(contentsOf: $0, architecture: architecture)
    }
  }

  private func fault(_ file: ModelFile, _ config: String) -> KerasError.Reason? {
    do {
      _ = try read(file, config)
      return nil
    } catch {
      return (error as? KerasError)?.reason
    }
  }

  @Test func `names decide, whatever the order in the file`() throws {
    let model = try read(file("b", "a", rows: 2), config("a", "b").replacing("3", with: "2"))
    #expect(first("a/kernel", of: model) == 2)
    #expect(first("b/kernel", of: model) == 1)
    #expect(model.notes.isEmpty)
  }

  @Test func `layers that Keras counted are matched in order`() throws {
    let model = try read(file("dense_5", "dense_6"), config("dense", "dense_1"))
    #expect(first("dense/kernel", of: model) == 1)
    #expect(first("dense_1/kernel", of: model) == 2)
    #expect(model.notes.isEmpty)
  }

  @Test func `layers of other names are matched in order, and that is said`() throws {
    let model = try read(file("x", "y"), config("a", "b"))
    #expect(first("a/kernel", of: model) == 1)
    #expect(model.notes.count == 1)
  }

  @Test func `a name that speaks against the order is refused`() {
    #expect(
      fault(file("b", "c"), config("a", "b"))
        == .weightMismatch([.missing("a"), .extra("c")]))
  }

  @Test func `all weights of other extents are listed`() {
    let wider = config("a", "b").replacing("units\": 2", with: "units\": 5")
      .replacing("units\": 3", with: "units\": 7")
    #expect(
      fault(file("a", "b"), wider)
        == .weightMismatch([
          .shape("a/kernel", found: [3, 2], expected: [3, 5]),
          .shape("b/kernel", found: [2, 3], expected: [2, 7]),
        ]))
  }

  @Test func `a file with its own architecture takes no other`() {
    var file = file("a", "b")
    file.config = config("a", "b")
    #expect(fault(file, config("a", "b")) == .hasArchitecture(given: "model.json"))
  }
}
