import ECTestSupport
import Foundation
import Testing

/// An input that can't be carried, the exit code, and words that its error must hold.
struct BadInput: Sendable, CustomTestStringConvertible {
  let path: String
  let status: Int32
  let words: [String]

  var testDescription: String { path.split(separator: "/").last.map(String.init) ?? path }

  static let all: [BadInput] = [
    BadInput(path: "nosuch.h5", status: 66, words: ["nosuch.h5"]),
    BadInput(path: Fixture.root + "/Package.swift", status: 65, words: ["Package.swift"]),
    BadInput(path: "/dev/null", status: 65, words: ["null"]),
    BadInput(path: model("truncated"), status: 65, words: ["truncated.h5"]),
    BadInput(path: model("weights"), status: 65, words: ["weights"]),
    BadInput(path: model("lambda"), status: 65, words: ["Lambda", "scale"]),
    BadInput(path: model("custom"), status: 65, words: ["ScaleShift", "ss"]),
  ]
}

@Suite struct InputTests {
  @Test(arguments: BadInput.all)
  func `a bad input is one clear error and writes nothing`(input: BadInput) throws {
    try Command.inFolder { folder in
      for arguments in [
        [input.path, "-o", "out.onnx"], ["inspect", input.path],
        ["compare", input.path, model("cnn")],
      ] {
        let result = try Command.run(arguments, in: folder)
        #expect(result.status == input.status, "\(arguments): \(result.errors)")
        #expect(result.errorLines.count == 1, "\(result.errors)")
        for word in input.words { #expect(result.errors.contains(word), "\(result.errors)") }
        #expect(result.output.isEmpty)
        #expect(try Command.names(in: folder).isEmpty)
      }
    }
  }

  @Test func `a folder is no model`() throws {
    try Command.inFolder { folder in
      let result = try Command.run([folder, "-o", "out.onnx"], in: folder)
      #expect([65, 66].contains(result.status))
      #expect(result.errorLines.count == 1)
    }
  }

  @Test func `a model without images is pruned as well`() throws {
    try Command.inFolder { folder in
      let result = try Command.run(
        [model("mlp"), "--prune", "0.5", "-o", "out.onnx"], in: folder)
      #expect(result.status == 0, "\(result.errors)")
      #expect(try Command.names(in: folder) == ["out.onnx"])
    }
  }
}
