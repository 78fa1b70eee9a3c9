import ECDiagnostics
import ECGraph
import ECONNX
import ECOperators
import ECTensor
import ECTestSupport
import Glibc
import Testing

@Suite struct ONNXExporterTests {
  /// Two inputs, a permuted and gathered weight, a scalar, an empty tensor, every attribute kind.
  private func sample() throws -> Graph {
    var graph = Graph(name: "sample")
    let x = graph.addInput("x", ValueType(.float32, [.symbolic("batch"), 4]))
    let weight = Tensor((0..<24).map { Float($0) }, shape: [2, 3, 4])
    let view = graph.addConstant("w", weight.permuted([2, 0, 1]).gathered(axis: 0, [3, 1]))
    let scalar = graph.addConstant("s", Tensor(scalar: 7))
    let empty = graph.addConstant("e", Tensor([Float](), shape: [0, 2]))
    _ = graph.addConstant("unused", Tensor(scalar: 1))
    let attributes: FormatObject = [
      "flag": .bool(true), "number": .int(-3), "real": .float(0.5), "text": .string("größe"),
      "ints": .list([.int(1), .int(2)]), "floats": .list([.int(1), .float(0.5)]),
      "texts": .list([.string("a")]), "none": .list([]), "null": .null,
      "tensor": .tensor(Tensor([1, 2, 3], shape: [3])),
    ]
    let first = try graph.insert(
      Use(attributes: attributes), name: "first", inputs: [x, view, nil, scalar, empty, nil],
      origin: "first")
    let second = try graph.insert(
      Use(), name: "second", inputs: graph[first].outputs.map { $0 }, origin: "second",
      outputNames: ["y"])
    graph.addOutput(graph[second].outputs[0])
    graph.metadata = [("k", "v"), ("kept", "1")]
    return graph
  }

  private func withFolder(_ body: (String) throws -> Void) rethrows {
    let folder = Fixture.temporaryFolder()
    defer { Fixture.removeFolder(folder) }
    try body(folder)
  }

  private func entries(_ folder: String) -> [String] {
    guard let stream = opendir(folder) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      names.append(
        withUnsafePointer(to: &entry.pointee.d_name) {
          $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        })
    }
    return names.filter { $0 != "." && $0 != ".." }.sorted()
  }

  @Test func `reading what was written gives the same graph`() throws {
    try withFolder { folder in
      let graph = try sample()
      let path = "\(folder)/m.onnx"
      try ONNXExporter().write(graph, toFile: path)
      let back = try ONNXImporter(table: .test).model(contentsOf: path)
      #expect(back.opset == 17 && back.irVersion == 8 && back.producer == "ecconvert")
      #expect(back.graph.metadata.map(\.key) == ["k", "kept"])
      #expect(back.graph.nodes.map(\.name) == graph.nodes.map(\.name))
      for name in ["w", "s", "e"] {
        let old = graph.constant(graph.value(named: name))
        let new = back.graph.constant(back.graph.value(named: name))
        #expect(new?.floats() == old?.floats())
        #expect(new?.shape == old?.shape)
      }
      let attributes = try #require(back.graph.nodes[0].op as? Use).attributes
      #expect(
        FormatValue.object(attributes).json()
          == #"{"flag":1,"number":-3,"real":0.5,"text":"größe","ints":[1,2],"floats":[1.0,0.5],"#
          + #""texts":["a"],"none":[],"tensor":null}"#)
      #expect(attributes["tensor"]?.tensor?.floats() == [1, 2, 3])
      #expect(back.graph.value(named: "unused") == nil)
      // And a second time, to the byte.
      let again = "\(folder)/again.onnx"
      try ONNXExporter().write(back.graph, toFile: again)
      #expect(Fixture.bytes(again) == Fixture.bytes(path))
    }
  }

  @Test func `a real network keeps its text`() throws {
    try withFolder { folder in
      let importer = ONNXImporter(table: .standard)
      let first = try importer.model(contentsOf: Fixture.path("onnx/net.onnx")).graph
      let path = "\(folder)/net.onnx"
      try ONNXExporter().write(first, toFile: path)
      let second = try importer.model(contentsOf: path).graph
      #expect(second.text == first.text)
      for (id, tensor) in first.initializers {
        let same = second.constant(second.value(named: first[id].name))
        #expect(same?.floats() == tensor.floats())
      }
    }
  }

  @Test func `the size is known before anything is written`() throws {
    try withFolder { folder in
      let graph = try sample()
      let path = "\(folder)/m.onnx"
      for external in ONNXExportOptions.ExternalData.allCases {
        var options = ONNXExportOptions()
        options.externalData = external
        let exporter = ONNXExporter(options: options)
        try exporter.write(graph, toFile: path)
        #expect(Fixture.bytes(path)?.count == (try exporter.byteCount(of: graph).model))
      }
    }
  }

  @Test func `weights beside the model start at pages and are found again`() throws {
    try withFolder { folder in
      var graph = Graph(name: "g")
      let x = graph.addInput("x", ValueType(.float32, [1, 4]))
      let numbers = (0..<3000).map { Float($0) }
      let a = graph.addConstant("a", Tensor(numbers, shape: [3000]))
      let b = graph.addConstant(
        "b", Tensor(numbers, shape: [3000]).gathered(axis: 0, Array(5..<505)))
      let node = try graph.insert(Use(), name: "y", inputs: [x, a, b], origin: "y")
      graph.addOutput(graph[node].outputs[0])
      var options = ONNXExportOptions()
      options.externalData = .always
      let exporter = ONNXExporter(options: options)
      try exporter.write(graph, toFile: "\(folder)/m.onnx")
      #expect(entries(folder) == ["m.onnx", "m.onnx.data"])
      #expect(Fixture.bytes("\(folder)/m.onnx.data")?.count == 12288 + 2000)
      let sizes = try exporter.byteCount(of: graph)
      #expect(sizes.data == 12288 + 2000)
      // The predicted size of the model knows another name for the weights only by its length.
      let back = try ONNXImporter(table: .test).model(contentsOf: "\(folder)/m.onnx").graph
      #expect(back.constant(back.value(named: "a"))?.floats() == numbers)
      #expect(back.constant(back.value(named: "b"))?.floats() == Array(numbers[5..<505]))
    }
  }

  @Test func `weights of more than 2 GB go beside the model, and are counted in 64 bits`() throws {
    var graph = Graph(name: "g")
    let x = graph.addInput("x", ValueType(.float32, [1, 4]))
    // One row, seen 5000 times: 5.1 GB without a byte of them.
    let row = Tensor([Float](repeating: 1, count: 256_000), shape: [1, 256_000])
    let view = row.gathered(axis: 0, [Int](repeating: 0, count: 5000))
    let a = graph.addConstant("a", view)
    let node = try graph.insert(Use(), name: "y", inputs: [x, a], origin: "y")
    graph.addOutput(graph[node].outputs[0])
    let sizes = try ONNXExporter().byteCount(of: graph)
    #expect(sizes.data == 5_120_000_000 && sizes.model < 400)
    var options = ONNXExportOptions()
    options.externalData = .never
    let exporter = ONNXExporter(options: options)
    let inside = try exporter.byteCount(of: graph).model
    #expect(inside > 5_120_000_000)
    do throws(ONNXError) {
      try exporter.write(graph, toDescriptor: -1)
      Issue.record("it was written")
    } catch {
      #expect(error.reason == .tooLarge(byteCount: inside))
      #expect(error.remedy?.contains("name an output") == true)
    }
  }

  @Test func `spellings of several nodes get unique names`() throws {
    let spelled = Use(nodes: { context, _ in
      ExportedNodes(
        FormatNode("Use", inputs: [.operand(0), .constant(Tensor(scalar: 2), suffix: "two")]),
        FormatNode("Use", domain: "com.example", inputs: [.intermediate(0), .absent]),
        FormatNode("Use", inputs: [.intermediate(1), .intermediate(0)]))
    })
    var graph = Graph(name: "")
    let x = graph.addInput("y/Use", ValueType(.float32, [1, 4]))
    let node = try graph.insert(spelled, name: "y", inputs: [x], origin: "y")
    graph.addOutput(graph[node].outputs[0])
    try withFolder { folder in
      try ONNXExporter().write(graph, toFile: "\(folder)/m.onnx")
      do throws(ONNXError) {
        _ = try ONNXImporter(table: .test).model(contentsOf: "\(folder)/m.onnx")
        Issue.record("another domain's operator was read")
      } catch {
        #expect(error.details == ["com.example.Use 'y/Use_1'"])
      }
      let bytes = try #require(Fixture.bytes("\(folder)/m.onnx"))
      let text = String(decoding: bytes, as: UTF8.self)
      for name in ["y/Use_1", "y/Use_2", "y/two", "com.example", "model"] {
        #expect(text.contains(name), "\(name)")
      }
    }
  }

  @Test func `all operators that ONNX can't say are listed`() throws {
    var graph = Graph(name: "g")
    let x = graph.addInput("x", ValueType(.float32, [1, 4]))
    let silent = Use(nodes: { _, _ in nil })
    let a = try graph.insert(silent, name: "a", inputs: [x], origin: "a")
    let b = try graph.insert(silent, name: "b", inputs: graph[a].outputs.map { $0 }, origin: "b")
    graph.addOutput(graph[b].outputs[0])
    #expect(throws: ONNXError(.notExpressible(["Use 'a'", "Use 'b'"]))) {
      try ONNXExporter().byteCount(of: graph)
    }
  }

  @Test func `an operator set out of range is refused`() throws {
    var options = ONNXExportOptions()
    options.opset = 6
    let graph = try sample()
    #expect(throws: ONNXError(.opsetNotWritten(6, supported: 7...28))) {
      try ONNXExporter(options: options).byteCount(of: graph)
    }
  }

  @Test func `a full disk leaves the old file and nothing else`() throws {
    let graph = try sample()
    do throws(ONNXError) {
      try ONNXExporter().write(graph, toFile: "/dev/full")
      Issue.record("/dev/full took it")
    } catch {
      #expect(error.what == "can't be written: no space left on device")
      #expect(error.place == .file("/dev/full"))
      #expect(error.category == .output)
    }
    try withFolder { folder in
      Fixture.write([1, 2, 3], to: "\(folder)/m.onnx")
      var options = ONNXExportOptions()
      options.metadata = [("k", "other")]
      var broken = graph
      let bad = Use(attributes: ["a": .object([:])])
      let node = try broken.insert(bad, name: "bad", inputs: broken.inputs.map { $0 }, origin: "")
      broken.addOutput(broken[node].outputs[0])
      #expect(throws: ONNXError.self) {
        try ONNXExporter(options: options).write(broken, toFile: "\(folder)/m.onnx")
      }
      #expect(entries(folder) == ["m.onnx"])
      #expect(Fixture.bytes("\(folder)/m.onnx") == [1, 2, 3])
      #expect(throws: ONNXError.self) {
        try ONNXExporter().write(graph, toFile: "\(folder)/no/such/m.onnx")
      }
      #expect(throws: ONNXError.self) { try ONNXExporter().write(graph, toFile: folder) }
      #expect(entries(folder) == ["m.onnx"])
    }
  }

  @Test func `a closed pipe is an error, not the end`() throws {
    let graph = try sample()
    signal(SIGPIPE, SIG_IGN)
    var ends: [Int32] = [0, 0]
    #expect(pipe(&ends) == 0)
    close(ends[0])
    defer { close(ends[1]) }
    let end = ends[1]
    do throws(ONNXError) {
      try ONNXExporter().write(graph, toDescriptor: end)
      Issue.record("the closed pipe took it")
    } catch {
      #expect(error.what == "can't be written: broken pipe")
    }
  }

  @Test func `a link to the output stays a link`() throws {
    try withFolder { folder in
      Fixture.write([1], to: "\(folder)/real.onnx")
      symlink("real.onnx", "\(folder)/link.onnx")
      try ONNXExporter().write(try sample(), toFile: "\(folder)/link.onnx")
      var status = stat()
      #expect(lstat("\(folder)/link.onnx", &status) == 0)
      #expect(status.st_mode & S_IFMT == S_IFLNK)
      #expect((Fixture.bytes("\(folder)/real.onnx")?.count ?? 0) > 1)
    }
  }
}
