import ECHDF5
import Testing

@Suite struct HDF5WriterTests {
  @Test func `texts come back`() throws {
    try withTemporaryFile { path in
      let writer = try HDF5Writer(creating: path)
      let config = String(repeating: "{\"größe\": 1}", count: 20_000)
      try writer.attribute("", "model_config", config)
      try writer.attribute("", "backend", "")
      try writer.attribute("model_weights", "layer_names", ["conv", "größe", ""])
      try writer.attribute("model_weights/flatten", "weight_names", [])
      try writer.close()

      let file = try HDF5File(path: path)
      #expect(try file.stringAttribute("", "model_config") == config)
      #expect(try file.stringAttribute("", "backend") == "")
      #expect(
        try file.stringListAttribute("model_weights", "layer_names") == ["conv", "größe", ""])
      #expect(try file.stringListAttribute("model_weights/flatten", "weight_names") == [])
    }
  }

  @Test func `a list beyond the limit is split as Keras splits it`() throws {
    try withTemporaryFile { path in
      let names = (0..<1301).map { "layer_\($0)_" + String(repeating: "x", count: 90) }
      let writer = try HDF5Writer(creating: path)
      try writer.attribute("", "layer_names", names)
      try writer.attribute("", "at_limit", [String](repeating: "abcdefgh", count: 8064))
      try writer.close()

      let file = try HDF5File(path: path)
      #expect(try !file.attributeExists("", "layer_names"))
      // 1301 names of 101 bytes: three parts of 434, 434 and 433.
      #expect(try file.attributeExists("", "layer_names2"))
      #expect(try !file.attributeExists("", "layer_names3"))
      #expect(try file.stringListAttribute("", "layer_names0")?.count == 434)
      #expect(try file.stringListAttribute("", "layer_names") == names)
      #expect(try file.attributeExists("", "at_limit"))
    }
  }

  @Test func `numbers of every kind come back`() throws {
    try withTemporaryFile { path in
      let writer = try HDF5Writer(creating: path)
      try writer.group("a/b")
      try writer.group("a")
      try writer.dataset("a/b/c/kernel:0", shape: [2, 3], ramp(6))
      try writer.dataset("count", scalar: 1 << 40)
      let halves: [UInt16] = [0x3C00, 0xC000, 0x7BFF]  // 1, -2, 65504
      try halves.withUnsafeBytes {
        try writer.dataset("half", shape: [3], kind: .float16, $0)
      }
      let brains: [UInt16] = [0x3F80, 0xC000]  // 1, -2
      try brains.withUnsafeBytes {
        try writer.dataset("brain", shape: [2], kind: .bfloat16, $0)
      }
      try [0.1, 1e300].withUnsafeBytes {
        try writer.dataset("double", shape: [2], kind: .float64, $0)
      }
      try writer.close()

      let file = try HDF5File(path: path)
      #expect(try file.readFloats("a/b/c/kernel:0") == ramp(6))
      #expect(try file.dataset("a/b/c/kernel:0").contiguousOffset != nil)
      #expect(try file.readIntegers("count") == [1 << 40])
      #expect(try file.dataset("count").shape == [])
      #expect(try file.readFloats("half") == [1, -2, 65504])
      #expect(try file.dataset("half").elementKind == .float16)
      #expect(try file.readFloats("brain") == [1, -2])
      #expect(try file.dataset("brain").elementKind == .bfloat16)
      #expect(try file.readDoubles("double") == [0.1, 1e300])
    }
  }

  @Test(arguments: [[1], [7], [23, 1], [60, 60], [5, 64, 1, 50], [119, 1]])
  func `a dataset written in pieces equals one written whole`(pieces: [Int]) throws {
    let shape = [2, 3, 4, 5]
    let numbers = ramp(120)
    try withTemporaryFile { path in
      let writer = try HDF5Writer(creating: path)
      var stream = try writer.stream("pieces", shape: shape)
      var start = 0
      var index = 0
      while start < 120 {
        let end = min(120, start + pieces[index % pieces.count])
        try numbers[start..<end].withUnsafeBufferPointer { try stream.append($0) }
        start = end
        index += 1
      }
      try stream.finish()
      try writer.close()
      #expect(try HDF5File(path: path).readFloats("pieces") == numbers)
    }
  }

  @Test func `too many or too few numbers are refused`() throws {
    try withTemporaryFile { path in
      let writer = try HDF5Writer(creating: path)
      #expect(
        reason { () throws(HDF5Error) in try writer.dataset("a", shape: [5], ramp(6)) }
          == .elementCount(expected: 5, found: 6))
      #expect(
        reason { () throws(HDF5Error) in try writer.dataset("b", shape: [5], ramp(4)) }
          == .elementCount(expected: 5, found: 4))
      #expect(
        reason { () throws(HDF5Error) in try writer.dataset("../c", shape: [1], ramp(1)) }
          == .refusedName)
    }
  }

  @Test func `equal calls give equal bytes`() throws {
    func make() throws -> [UInt8] {
      try withTemporaryFile { path in
        let writer = try HDF5Writer(creating: path)
        try writer.attribute("", "model_config", "{}")
        try writer.attribute("g", "weight_names", ["kernel:0"])
        try writer.dataset("g/kernel:0", shape: [4], ramp(4))
        try writer.close()
        return bytes(of: path)
      }
    }
    let first = try make()
    #expect(first.count > 1000)
    #expect(try make() == first)
  }

  @Test func `a place that can't be written is an error of the output`() {
    let failure = reason { () throws(HDF5Error) in
      _ = try HDF5Writer(creating: "/nowhere/model.h5")
    }
    guard case .cannotCreate = failure else {
      Issue.record("\(String(describing: failure))")
      return
    }
  }
}
