import ECTestSupport
import Foundation
import Testing

@Suite struct HelpTests {
  @Test(arguments: [
    ("help", ["--help"]), ("help-inspect", ["inspect", "--help"]),
    ("help-plan", ["plan", "--help"]), ("help-finetune", ["finetune", "--help"]),
    ("help-batch", ["batch", "--help"]),
    ("help-compare", ["compare", "--help"]), ("help-operators", ["operators", "--help"]),
    ("help-architectures", ["architectures", "--help"]), ("help-bench", ["bench", "--help"]),
    ("help-sensitivity", ["sensitivity", "--help"]),
  ]) func `help is as recorded and fits 80 columns`(name: String, arguments: [String]) throws {
    let result = try Command.run(arguments)
    #expect(result.status == 0)
    #expect(result.errors.isEmpty)
    let text = String(decoding: result.output, as: UTF8.self)
    let long = text.split(separator: "\n").filter { $0.count > 80 }
    #expect(long.isEmpty)
    let path = Fixture.root + "/Tests/CLITests/Snapshots/\(name).txt"
    if ProcessInfo.processInfo.environment["ECCONVERT_RECORD"] == "1" {
      Fixture.write(Array(result.output), to: path)
    }
    let recorded = String(decoding: Fixture.bytes(path) ?? [], as: UTF8.self)
    #expect(text == recorded, "re-record with ECCONVERT_RECORD=1 and read the diff")
  }

  @Test(arguments: [["-h"], ["help"], ["convert", "--help"]])
  func `every way to ask for help gives the main job`(arguments: [String]) throws {
    let result = try Command.run(arguments)
    #expect(result.status == 0)
    #expect(String(decoding: result.output, as: UTF8.self).contains("--prune"))
  }

  @Test func `the version is data`() throws {
    let result = try Command.run(["--version"])
    #expect(result.status == 0)
    #expect(String(decoding: result.output, as: UTF8.self).hasPrefix("ecconvert "))
  }

  @Test func `operators lists both formats`() throws {
    let result = try Command.run(["operators", "--markdown"])
    #expect(result.status == 0)
    let text = String(decoding: result.output, as: UTF8.self)
    #expect(text.contains("| `Conv2D` |"))
    #expect(text.contains("| `Gemm` |"))
    #expect(text.contains("| `Relu` | yes | yes | yes | yes |"))
    // Every ONNX rule takes its sample.
    let operators = try #require(text.components(separatedBy: "## ONNX operators").last)
    #expect(operators.split(separator: "\n").filter { $0.contains("| ? |") } == [])
  }
}
