import ECTestSupport
import Foundation
import Testing

@Suite struct EdgeTests {
  /// The inputs of a model as `inspect --json` has them.
  private func inputs(of path: String, in folder: String) throws -> [String] {
    let result = try Command.run(["inspect", path, "--json"], in: folder)
    #expect(result.status == 0, "\(result.errors)")
    let object = try JSONSerialization.jsonObject(with: result.output)
    let members = try #require(object as? [String: Any])
    let list = try #require(members["inputs"] as? [[String: Any]])
    return list.compactMap { $0["type"] as? String }
  }

  @Test(arguments: [
    (["--batch", "3"], "float32[3, 16, 16, 3]"),
    (["--input-shape", "5,16,16,3"], "float32[5, 16, 16, 3]"),
    (["--input-shape", "image:5,16,16,3"], "float32[5, 16, 16, 3]"),
    (["--inputs-as-nchw", "--batch", "2"], "float32[2, 3, 16, 16]"),
    (["--inputs-as-nhwc", "--batch", "2"], "float32[2, 16, 16, 3]"),
    (["--dtype", "fp16", "--batch", "2"], "float32[2, 16, 16, 3]"),
  ]) func `options decide the input`(options: [String], type: String) throws {
    try Command.inFolder { folder in
      let result = try Command.run([model("cnn"), "-o", "out.onnx"] + options, in: folder)
      #expect(result.status == 0, "\(result.errors)")
      #expect(try inputs(of: "out.onnx", in: folder) == [type])
    }
  }

  @Test func `a fixed batch becomes dynamic again`() throws {
    try Command.inFolder { folder in
      #expect(
        try Command.run([model("cnn"), "-o", "a.onnx", "--batch", "3"], in: folder).status == 0)
      let result = try Command.run(["a.onnx", "-o", "b.onnx", "--batch", "dynamic"], in: folder)
      #expect(result.status == 0, "\(result.errors)")
      #expect(try inputs(of: "b.onnx", in: folder) == ["float32[batch, 16, 16, 3]"])
    }
  }

  @Test func `channels of an ONNX model move either way`() throws {
    try Command.inFolder { folder in
      for (from, option) in [(model("cnn"), "nchw"), ("nchw.onnx", "nhwc"), ("nhwc.onnx", "nchw")] {
        let result = try Command.run(
          [from, "-o", "\(option).onnx", "--force", "--inputs-as-\(option)"], in: folder)
        #expect(result.status == 0, "\(result.errors)")
      }
      #expect(
        try Command.run(["compare", "nchw.onnx", model("cnn")], in: folder).status == 0)
    }
  }

  @Test func `half precision makes the file smaller and is verified`() throws {
    try Command.inFolder { folder in
      #expect(try Command.run([model("cnn"), "-o", "a.onnx"], in: folder).status == 0)
      let result = try Command.run(
        [model("cnn"), "-o", "b.onnx", "--dtype", "fp16"], in: folder)
      #expect(result.status == 0, "\(result.errors)")
      #expect(result.errors.contains("verified"))
      let strict = try Command.run(
        [model("cnn"), "-o", "c.onnx", "--dtype", "fp16", "--rtol", "1e-6"], in: folder)
      #expect(strict.status == 76)
      let before = try #require(Fixture.bytes(folder + "/a.onnx")).count
      let after = try #require(Fixture.bytes(folder + "/b.onnx")).count
      #expect(after < before)
    }
  }
}
