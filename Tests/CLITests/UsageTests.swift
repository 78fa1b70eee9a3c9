import ECTestSupport
import Foundation
import Testing

/// One wrong command line, and a word that its error must hold.
struct WrongUsage: Sendable, CustomTestStringConvertible {
  let arguments: [String]
  let word: String

  init(_ arguments: [String], _ word: String) {
    self.arguments = arguments
    self.word = word
  }

  var testDescription: String { arguments.joined(separator: " ") }

  static let output = ["-o", "out.onnx"]

  static let all: [WrongUsage] = [
    WrongUsage([], "no input"),
    WrongUsage([model("cnn")], "no output"),
    WrongUsage([model("cnn")] + output + ["--prune", "1.5"], "--prune"),
    WrongUsage([model("cnn")] + output + ["--prune", "1"], "--prune"),
    WrongUsage([model("cnn")] + output + ["--prune", "-0.1"], "--prune"),
    WrongUsage([model("cnn")] + output + ["--prune", "50%"], "percentage"),
    WrongUsage([model("cnn")] + output + ["--prune", "nan"], "--prune"),
    WrongUsage([model("cnn")] + output + ["--prune"], "--prune"),
    WrongUsage([model("cnn")] + output + ["--target-macs", "0%"], "--target-macs"),
    WrongUsage([model("cnn")] + output + ["--target-params", "half"], "--target-params"),
    WrongUsage([model("cnn")] + output + ["--tau", "2"], "--tau"),
    WrongUsage([model("cnn")] + output + ["--tau", "q101"], "--tau"),
    WrongUsage([model("cnn")] + output + ["--criterion", "l3"], "l3"),
    WrongUsage([model("cnn")] + output + ["--scope", "nowhere"], "nowhere"),
    WrongUsage([model("cnn")] + output + ["--repair", "glue"], "glue"),
    WrongUsage([model("cnn")] + output + ["--batchnorm", "fresh"], "fresh"),
    WrongUsage(
      [model("cnn")] + output
        + ["--prune", "0.5", "--repair", "sequential", "--batchnorm", "recalibrate"], "keep"),
    WrongUsage(
      [model("cnn")] + output
        + ["--prune", "0.5", "--repair", "sequential", "--calibration", "none"], "--calibration"),
    WrongUsage(
      [model("cnn")] + output
        + ["--prune", "0.5", "--batchnorm", "paired", "--calibration", "none"], "--calibration"),
    WrongUsage([model("cnn")] + output + ["--layer-ratio", "stem"], "--layer-ratio"),
    WrongUsage([model("cnn")] + output + ["--layer-ratio", "stem=2"], "--layer-ratio"),
    WrongUsage([model("cnn")] + output + ["--round-to", "0"], "--round-to"),
    WrongUsage([model("cnn")] + output + ["--min-channels", "none"], "--min-channels"),
    WrongUsage([model("cnn")] + output + ["--max-layer-ratio", "1"], "--max-layer-ratio"),
    WrongUsage([model("cnn")] + output + ["--ridge", "-1"], "--ridge"),
    WrongUsage([model("cnn")] + output + ["--preprocess", "vgg"], "--preprocess"),
    WrongUsage([model("cnn")] + output + ["--interpolation", "cubic"], "--interpolation"),
    WrongUsage([model("cnn")] + output + ["--calibration-samples", "0"], "--calibration-samples"),
    WrongUsage([model("cnn")] + output + ["--input-shape", "1,16,16,4"], "doesn't fit"),
    WrongUsage([model("cnn")] + output + ["--input-shape", ":1,16,16,3"], "--input-shape"),
    WrongUsage([model("cnn")] + output + ["--input-shape", "image:1,,3"], "--input-shape"),
    WrongUsage([model("cnn")] + output + ["--input-shape", "imag:1,16,16,3"], "imag"),
    WrongUsage([model("cnn")] + output + ["--batch", "many"], "--batch"),
    WrongUsage([model("cnn")] + output + ["--opset", "x"], "--opset"),
    WrongUsage([model("cnn")] + output + ["--opset", "12"], "13"),
    WrongUsage([model("cnn")] + output + ["--opset", "25"], "24"),
    WrongUsage([model("cnn")] + output + ["--dtype", "int8"], "fp16"),
    WrongUsage(
      [model("cnn")] + output + ["--inputs-as-nchw", "--inputs-as-nhwc"], "--inputs-as-nhwc"),
    WrongUsage([model("cnn")] + output + ["--verify", "-1"], "--verify"),
    WrongUsage([model("cnn")] + output + ["--verify", "1", "--no-verify"], "--no-verify"),
    WrongUsage([model("cnn")] + output + ["--threads", "0"], "--threads"),
    WrongUsage([model("cnn")] + output + ["--seed", "-3"], "--seed"),
    WrongUsage([model("cnn")] + output + ["-q", "-v"], "--quiet"),
    WrongUsage([model("cnn")] + output + ["--color", "green"], "green"),
    WrongUsage([model("cnn")] + output + ["--log-format", "xml"], "xml"),
    WrongUsage([model("cnn")] + output + ["--pruen", "0.5"], "--pruen"),
    WrongUsage([model("cnn"), "extra.h5"] + output, "extra.h5"),
    WrongUsage([model("cnn")] + output + ["--prune", "0.5", "--exclude", "nosuch*"], "nosuch*"),
    WrongUsage([model("cnn")] + output + ["--prune", "0.5", "--only", "nosuch*"], "nosuch*"),
    WrongUsage([model("cnn"), "-o", "out.xyz"], "xyz"),
    WrongUsage(["plan", model("cnn"), "-o", "plan.json"], "nothing to plan"),
    WrongUsage(["compare", model("cnn")], "two models"),
  ]
}

@Suite struct UsageTests {
  @Test func `a configuration file takes every option that help lists`() throws {
    let help = try Command.run(["convert", "--help"])
    let text = String(decoding: help.output, as: UTF8.self)
    let names = Set(
      text.matches(of: /^ +(?:-., )?--([a-z-]+)/.anchorsMatchLineEndings()).map { $0.1 }
    )
    .subtracting(["config", "save-config", "version", "help"])
    #expect(names.count > 30)
    try Command.inFolder { folder in
      let members = names.sorted().map { "\"\($0)\": null" }.joined(separator: ", ")
      Fixture.write([UInt8]("{\(members)}".utf8), to: folder + "/options.json")
      let result = try Command.run(
        [model("cnn"), "--config", "options.json", "--dry-run"], in: folder)
      #expect(result.status == 0, "\(result.errors)")
    }
  }

  @Test(arguments: WrongUsage.all)
  func `wrong usage is one clear error, exit 64, and writes nothing`(usage: WrongUsage) throws {
    try Command.inFolder { folder in
      let result = try Command.run(usage.arguments, in: folder)
      #expect(result.status == 64, "\(result.errors)")
      #expect(result.errorLines.count == 1, "\(result.errors)")
      #expect(result.errors.contains(usage.word), "\(result.errors)")
      #expect(result.output.isEmpty)
      #expect(try Command.names(in: folder).isEmpty)
    }
  }

  @Test func `errors can be JSON`() throws {
    let result = try Command.run([
      model("cnn"), "-o", "o.onnx", "--prune", "2", "--log-format", "json",
    ])
    #expect(result.status == 64)
    let lines = result.errors.split(separator: "\n")
    #expect(lines.count == 1)
    let object = try JSONSerialization.jsonObject(with: Data(result.errors.utf8))
    let members = try #require(object as? [String: Any])
    #expect(members["level"] as? String == "error")
    #expect(members["place"] as? String == "--prune")
    #expect((members["message"] as? String)?.contains("outside") == true)
    #expect(members["remedy"] is String)
  }

  @Test func `colours appear when asked for only`() throws {
    let plain = try Command.run(["nosuch.h5", "-o", "o.onnx"])
    #expect(!plain.errors.contains("\u{1B}"))
    let painted = try Command.run(["nosuch.h5", "-o", "o.onnx", "--color", "always"])
    #expect(painted.errors.contains("\u{1B}[1;31m"))
  }

  @Test func `options come from a file, and those of the command line win`() throws {
    try Command.inFolder { folder in
      Fixture.write(Array(#"{"prune": 3, "exclude": ["head"]}"#.utf8), to: folder + "/c.json")
      let arguments = ["--config", "c.json", "nosuch.h5", "-o", "o.onnx"]
      let wrong = try Command.run(arguments, in: folder)
      #expect(wrong.status == 64)
      #expect(wrong.errors.contains("--prune"))
      #expect(try Command.run(arguments + ["--prune", "0.5"], in: folder).status == 66)
      Fixture.write(Array(#"{"prun": 0.3}"#.utf8), to: folder + "/c.json")
      let unknown = try Command.run(arguments, in: folder)
      #expect(unknown.status == 64)
      #expect(unknown.errors.contains("prun"))
      Fixture.write(Array("prune: 0.3".utf8), to: folder + "/c.json")
      #expect(try Command.run(arguments, in: folder).status == 64)
    }
  }

  @Test func `a saved configuration gives the same options`() throws {
    try Command.inFolder { folder in
      let options = ["--prune", "0.25", "--exclude", "a*", "--exclude", "b", "--seed", "9"]
      _ = try Command.run(
        ["nosuch.h5", "-o", "o.onnx", "--save-config", "one.json"] + options, in: folder)
      _ = try Command.run(
        ["nosuch.h5", "-o", "o.onnx", "--config", "one.json", "--save-config", "two.json"],
        in: folder)
      let one = try #require(Fixture.bytes(folder + "/one.json"))
      #expect(one == Fixture.bytes(folder + "/two.json"))
      #expect(String(decoding: one, as: UTF8.self).contains("\"prune\": 0.25"))
    }
  }
}
