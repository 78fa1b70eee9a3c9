import ECTestSupport
import Foundation
import Testing

@Suite struct BenchTests {
  @Test func `bench measures a model against a baseline`() throws {
    let result = try Command.run([
      "bench", Fixture.path("cli/cnn.h5"), "--baseline", Fixture.path("cli/cnn.keras"), "--runs",
      "2", "--threads", "1", "--python", "none",
    ])
    #expect(result.status == 0, "\(result.errors)")
    let lines = String(decoding: result.output, as: UTF8.self).split(separator: "\n")
    #expect(lines.count == 5)
    #expect(lines.allSatisfy { $0.count <= 80 })
    #expect(lines.last?.hasPrefix("model / baseline in ecconvert: ") == true)
  }

  @Test func `bench gives JSON`() throws {
    let result = try Command.run([
      "bench", Fixture.path("cli/cnn.h5"), "--batch", "2", "--runs", "3", "--json", "--python",
      "none",
    ])
    #expect(result.status == 0, "\(result.errors)")
    let object = try #require(
      JSONSerialization.jsonObject(with: result.output) as? [String: Any])
    #expect(object["batch"] as? Int == 2)
    let entry = try #require((object["entries"] as? [[String: Any]])?.first)
    #expect(entry["runs"] as? Int == 3)
    #expect((entry["latency"] as? [String: Double])?["median"] ?? 0 > 0)
  }

  /// Whether the processor multiplies bfloat16, as the system tells.
  private static let hasBFloat16 =
    (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8))?.contains("avx512_bf16")
    ?? false

  @Test(.enabled(if: hasBFloat16), arguments: ["cnn.h5", "cnn.keras"])
  func `bfloat16 changes outputs, by less than its tolerance`(model: String) throws {
    let path = Fixture.path("cli/\(model)")
    let result = try Command.run([
      "compare", path, path, "--precision", "bf16", "--samples", "4", "--json",
    ])
    #expect(result.status == 0, "\(result.errors)")
    let object = try #require(
      JSONSerialization.jsonObject(with: result.output) as? [String: Any])
    let outputs = try #require(object["outputs"] as? [[String: Any]])
    for output in outputs {
      let difference = try #require(output["maxRelativeDifference"] as? Double)
      #expect(difference > 1e-6 && difference < 0.1)
    }
    let strict = try Command.run(["compare", path, path, "--precision", "bf16", "--rtol", "1e-9"])
    #expect(strict.status == 5)
    let timed = try Command.run([
      "bench", path, "--precision", "bf16", "--runs", "2", "--python", "none",
    ])
    #expect(timed.status == 0, "\(timed.errors)")
  }

  @Test(arguments: [
    ["bench", Fixture.path("cli/cnn.h5"), "--python", "none"],
    ["compare", Fixture.path("cli/cnn.h5"), Fixture.path("cli/cnn.h5")],
    [
      "finetune", Fixture.path("cli/cnn.h5"), "--data", Fixture.path("finetune/shapes"), "-o",
      "/dev/null/out.onnx",
    ],
  ]) func `bfloat16 is refused where the processor has none`(arguments: [String]) throws {
    let result = try Command.run(
      arguments + ["--precision", "bf16"], environment: ["ONEDNN_MAX_CPU_ISA": "AVX512_CORE"])
    #expect(result.status == 64)
    #expect(result.errorLines.count == 1)
    #expect(result.errors.contains("--precision: this processor has no instructions for bf16"))
  }

  @Test(arguments: [
    (["bench"], 64, "no input is named"), (["bench", "nosuch.h5"], 66, "nosuch.h5"),
    (["bench", Fixture.path("cli/cnn.h5"), "--runs", "0"], 64, "--runs"),
    (["bench-worker"], 64, "for 'ecconvert bench' only"),
  ]) func `faults of bench are one clear error`(
    arguments: [String], status: Int32, words: String
  ) throws {
    let result = try Command.run(arguments)
    #expect(result.status == status)
    #expect(result.errorLines.count == 1)
    #expect(result.errors.contains(words))
  }
}
