import ECDiagnostics
import ECGraph
import ECONNX
import ECOperators
import ECTensor
import ECTestSupport
import Glibc
import Testing

@Suite struct ONNXImporterTests {
  private func read(_ name: String, table: OperatorTable = .test) throws -> Graph {
    try ONNXImporter(table: table).model(contentsOf: Fixture.path("onnx/\(name).onnx")).graph
  }

  private func tensor(_ graph: Graph, _ name: String) throws -> Tensor {
    let id = try #require(graph.value(named: name))
    return try #require(graph.constant(id))
  }

  @Test(arguments: ElementType.allCases)
  func `raw and typed storage hold the same numbers`(type: ElementType) throws {
    let graph = try read("encodings")
    for storage in ["raw", "typed"] {
      let found = try tensor(graph, "\(storage)/\(type.name)")
      #expect(found.elementType == type)
      #expect(found.shape == [2, 3])
      #expect(found.floats() == (type == .bool ? [0, 1, 0, 1, 0, 1] : [0, 1, 2, 3, 4, 5]))
    }
  }

  @Test func `numbers written one by one equal packed ones`() throws {
    let graph = try read("encodings")
    for type in [ElementType.float32, .int64, .int32] {
      let found = try tensor(graph, "unpacked/\(type.name)")
      #expect(found.elementType == type)
      #expect(found.floats() == [0, 1, 2, 3, 4, 5])
    }
  }

  @Test func `negative bytes, scalars and empty tensors keep their meaning`() throws {
    let graph = try read("encodings")
    #expect(try tensor(graph, "negative/int8").integers() == [-1, -128])
    #expect(try tensor(graph, "scalar/float32").shape == [])
    let empty = try tensor(graph, "empty/float32")
    #expect(empty.shape == [0, 3] && empty.floats() == [])
  }

  @Test func `weights are views of the file`() throws {
    let graph = try read("encodings")
    #expect(try tensor(graph, "raw/int16").ownsMemory == false)
    #expect(try tensor(graph, "typed/float64").ownsMemory == false)
    #expect(try tensor(graph, "typed/int16").ownsMemory)
  }

  @Test(
    arguments: [
      ("value", [0, 1, 2, 3, 4, 5], [2, 3]), ("value_float", [0], []),
      ("value_floats", [0, 1], [2]),
      ("value_int", [0], []), ("value_ints", [0, 1, 2], [3]),
      ("sparse_value", [0, 1, 2, 3, 4, 5], [2, 3]), ("linear", [0, 1, 2, 3, 4, 5], [2, 3]),
      ("tuples", [0, 1, 2, 3, 4, 5], [2, 3]),
    ] as [(String, [Float], [Int])])
  func `constants in every spelling become initializers`(
    name: String, numbers: [Float], shape: [Int]
  )
    throws
  {
    let found = try tensor(try read("constants"), name)
    #expect(found.floats() == numbers)
    #expect(found.shape == shape)
  }

  @Test func `attributes keep their kinds`() throws {
    let graph = try read("constants")
    let node = try #require(graph.nodes.last)
    let attributes = try #require(node.op as? Use).attributes
    #expect(attributes["ints"]?.ints == [4, 5])
    #expect(attributes["floats"]?.doubles == [0.5, 1])
    #expect(attributes["strings"]?.list?.compactMap(\.string) == ["a", "b"])
    #expect(attributes["text"]?.string == "größe")
    #expect(attributes["number"]?.int == 3)
    #expect(attributes["real"]?.double == 0.1)
    #expect(attributes["none"]?.ints == [])
  }

  @Test func `nodes are sorted, dead ones dropped, listed initializers aren't inputs`() throws {
    let model = try ONNXImporter(table: .standard)
      .model(contentsOf: Fixture.path("onnx/net.onnx"))
    #expect(model.opset == 8 && model.irVersion == 3)
    #expect(model.producer == "fixtures 1")
    #expect(model.notes == ["1 node that no output needs is left out"])
    let graph = model.graph
    #expect(graph.inputs.map { graph[$0].name } == ["image"])
    #expect(graph.outputs.map { graph[$0].name } == ["logits"])
    #expect(graph[graph.inputs[0]].type.description == "float32[batch, 3, 8, 8]")
    #expect(graph.nodes.map { graph[$0.outputs[0]].name } == ["c:0", "n", "r", "p", "f", "logits"])
    #expect(Set(graph.nodes.map(\.name)).count == graph.nodes.count)
    #expect(graph.metadata.map(\.key) == ["b", "a"])
    try graph.verify()
  }

  @Test(arguments: ["external", "external_short"])
  func `external data are read from beside the model`(name: String) throws {
    #expect(try tensor(try read(name), "w").floats() == [0, 1, 2, 3])
  }

  @Test func `extents given by hand replace those of the file`() throws {
    let importer = ONNXImporter(table: .test, inputShapes: ["x": [2, 5]])
    let graph = try importer.model(contentsOf: Fixture.path("onnx/broken_no_shape.onnx")).graph
    #expect(graph[graph.inputs[0]].type.description == "float32[2, 5]")
  }

  @Test func `external links aren't followed`() throws {
    let folder = Fixture.temporaryFolder()
    defer { Fixture.removeFolder(folder) }
    let model = try #require(Fixture.bytes(Fixture.path("onnx/broken_external_link.onnx")))
    let weights = try #require(Fixture.bytes(Fixture.path("onnx/external.bin")))
    Fixture.write(model, to: "\(folder)/m.onnx")
    Fixture.write(weights, to: "\(folder)/real.bin")
    let importer = ONNXImporter(table: .test)
    symlink("real.bin", "\(folder)/link.bin")
    #expect(throws: ONNXError.self) { try importer.model(contentsOf: "\(folder)/m.onnx") }
    unlink("\(folder)/link.bin")
    link("\(folder)/real.bin", "\(folder)/link.bin")
    #expect(throws: ONNXError.self) { try importer.model(contentsOf: "\(folder)/m.onnx") }
    unlink("\(folder)/real.bin")
    _ = try importer.model(contentsOf: "\(folder)/m.onnx")
    unlink("\(folder)/link.bin")
    mkfifo("\(folder)/link.bin", 0o600)
    #expect(throws: ONNXError.self) { try importer.model(contentsOf: "\(folder)/m.onnx") }
  }

  @Test(arguments: ["net", "encodings", "constants"])
  func `damaged files are refused or read, never worse`(name: String) throws {
    let folder = Fixture.temporaryFolder()
    defer { Fixture.removeFolder(folder) }
    let path = "\(folder)/damaged.onnx"
    let sound = try #require(Fixture.bytes(Fixture.path("onnx/\(name).onnx")))
    let importer = ONNXImporter(table: name == "net" ? .standard : .test)
    // A cut between two of the outermost fields is a sound file; there are few such places.
    var sounds = 0
    for end in stride(from: 0, to: sound.count, by: 7) {
      Fixture.write(Array(sound[..<end]), to: path)
      do throws(ONNXError) {
        _ = try importer.model(contentsOf: path)
        sounds += 1
      } catch {
        #expect(error.category == .input)
      }
    }
    #expect(sounds <= 2)
    var random = SeededGenerator(seed: 5)
    for _ in 0..<300 {
      var bytes = sound
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        bytes[Int.random(in: 0..<bytes.count, using: &random)] = .random(
          in: 0...255, using: &random)
      }
      Fixture.write(bytes, to: path)
      do throws(ONNXError) {
        _ = try importer.model(contentsOf: path)
      } catch {
        #expect(!error.what.isEmpty)
      }
    }
  }
}
