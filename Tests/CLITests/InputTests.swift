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
    BadInput(path: archive("truncated"), status: 65, words: ["truncated.keras", "cut short"]),
    BadInput(path: archive("outside"), status: 65, words: ["'../config.json'"]),
    BadInput(
      path: archive("bomb"), status: 65, words: ["'model.weights.h5'", "claims 3000000000 bytes"]),
    BadInput(path: archive("no_weights"), status: 65, words: ["there is no 'model.weights.h5'"]),
    BadInput(path: archive("no_config"), status: 65, words: ["there is no 'config.json'"]),
    BadInput(path: archive("bad_config"), status: 65, words: ["isn't JSON", "byte 51"]),
    BadInput(
      path: archive("cut_weights"), status: 65, words: ["'model.weights.h5'", "cut short"]),
    BadInput(path: archive("saved_model"), status: 65, words: ["SavedModel"]),
    BadInput(path: Fixture.path("cli/cnn.weights.h5"), status: 65, words: ["--arch FILE.json"]),
  ]
}

/// An archive below `fixtures/cli`.
private func archive(_ name: String) -> String { Fixture.path("cli/\(name).keras") }

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

  @Test(arguments: [
    ["cli/cnn.keras"], ["cli/deflated.keras"],
    ["cli/cnn.weights.h5", "--arch", Fixture.path("cli/cnn.json")],
  ])
  func `every format of a model gives the same result`(source: [String]) throws {
    try Command.inFolder { folder in
      let arguments = [Fixture.path(source[0])] + source.dropFirst()
      let result = try Command.run(arguments + ["-o", "out.onnx"], in: folder)
      #expect(result.status == 0, "\(result.errors)")
      let same = try Command.run(["compare", model("cnn"), "out.onnx"], in: folder)
      #expect(same.status == 0, "\(same.output) \(same.errors)")
    }
  }

  @Test func `weights that don't fit their architecture are all listed`() throws {
    try Command.inFolder { folder in
      let result = try Command.run(
        [model("weights"), "--arch", Fixture.path("cli/mlp.json"), "-o", "out.onnx"], in: folder)
      #expect(result.status == 65)
      for words in ["missing in the file: 'hidden'", "only in the file: 'stem_conv'"] {
        #expect(result.errors.contains(words), "\(result.errors)")
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
