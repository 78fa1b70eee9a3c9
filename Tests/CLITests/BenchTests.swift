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
