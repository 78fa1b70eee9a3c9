import ECTestSupport
import Foundation
import Testing

@Suite struct CompareTests {
  private static let source = Fixture.path("cli/cnn.h5")

  /// Changes one number of a weight in an ONNX file that the program wrote.
  private static func perturb(_ weight: String, in path: String) throws {
    var bytes = try #require(Fixture.bytes(path))
    let name = Array(weight.utf8)
    // The last place where the name stands is the tensor itself; its numbers follow.
    let start = try #require(
      bytes.indices.dropLast(name.count + 8).last { Array(bytes[$0..<($0 + name.count)]) == name })
    let numbers = start + name.count + 3
    #expect(bytes[numbers - 3] == 0x4A, "raw data follows the name")
    bytes.replaceSubrange(
      numbers..<(numbers + 4), with: withUnsafeBytes(of: Float(100)) { Array($0) })
    Fixture.write(bytes, to: path)
  }

  /// Calls everything otherwise in an ONNX file, by names of the same length.
  private static func rename(in path: String) throws {
    var bytes = try #require(Fixture.bytes(path))
    for name in ["stem", "inner", "outer", "sum", "pool", "head"] {
      let (old, new) = (Array(name.utf8), Array(name.reversed().map(String.init).joined().utf8))
      for k in bytes.indices.dropLast(old.count) where Array(bytes[k..<(k + old.count)]) == old {
        bytes.replaceSubrange(k..<(k + old.count), with: new)
      }
    }
    Fixture.write(bytes, to: path)
  }

  private static func compare(_ models: [String], in folder: String) throws -> (
    status: Int32, text: String, json: [String: Any]
  ) {
    let text = try Command.run(["compare"] + models, in: folder)
    let json = try Command.run(["compare"] + models + ["--json"], in: folder)
    #expect(text.status == json.status)
    let object = try #require(
      try JSONSerialization.jsonObject(with: json.output) as? [String: Any], "\(json.errors)")
    return (text.status, String(decoding: text.output, as: UTF8.self), object)
  }

  @Test(arguments: [false, true])
  func `the first tensor that differs is the one behind a changed weight`(
    isRenamed: Bool
  ) throws {
    try Command.inFolder { folder in
      for name in ["full", "changed"] {
        #expect(
          try Command.run([Self.source, "-o", "\(name).onnx", "-q"], in: folder).status == 0)
      }
      try Self.perturb("outer_conv/kernel", in: folder + "/changed.onnx")
      if isRenamed { try Self.rename(in: folder + "/changed.onnx") }
      // Also beside the source, in another layout and with its normalizations.
      for reference in ["full.onnx", Self.source] {
        let found = try Self.compare([reference, "changed.onnx"], in: folder)
        #expect(found.status == 5)
        let first = try #require(found.json["firstDifference"] as? [String: Any])
        #expect(first["name"] as? String == "outer_bn")
        #expect(first["layer"] as? String != nil)
        #expect(found.json["matchedBy"] as? String == (isRenamed ? "order" : "name"))
        #expect(found.text.contains("first tensor that differs: 'outer_bn'"), "\(found.text)")
      }
    }
  }

  @Test func `a renamed model is still the same, tensor by tensor`() throws {
    try Command.inFolder { folder in
      #expect(try Command.run([Self.source, "-o", "full.onnx", "-q"], in: folder).status == 0)
      try Self.rename(in: folder + "/full.onnx")
      let found = try Self.compare([Self.source, "full.onnx"], in: folder)
      #expect(found.status == 0)
      #expect(found.json["firstDifference"] is NSNull)
      #expect(found.text.contains("9 of 9 tensors compared are the same"), "\(found.text)")
    }
  }

  @Test func `of a pruned model it is said what can be compared`() throws {
    try Command.inFolder { folder in
      #expect(try Command.run([Self.source, "-o", "full.onnx", "-q"], in: folder).status == 0)
      let arguments = [Self.source, "--prune", "0.5", "--calibration", "none", "-o", "slim.onnx"]
      #expect(try Command.run(arguments, in: folder).status == 0)
      let found = try Self.compare(["full.onnx", "slim.onnx"], in: folder)
      #expect(found.status == 5)
      let first = try #require(found.json["firstDifference"] as? [String: Any])
      #expect(first["name"] as? String == "stem_bn")
      #expect(first["candidateShape"] as? [Int] == [1, 4, 16, 16])
      #expect(found.text.contains("1x8x16x16 in A, 1x4x16x16 in B"), "\(found.text)")
      #expect(found.text.contains("9 of another shape"), "\(found.text)")
    }
  }
}
