import ECTestSupport
import Foundation
import Testing

@Suite struct BrokenFileTests {
  /// Files that once ended the program, or took more than they may.
  static let models = names("models")

  private static func names(_ folder: String) -> [String] {
    let path = Fixture.path("fuzz/\(folder)")
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    return names.sorted().map { "\(path)/\($0)" }
  }

  @Test(arguments: models)
  func `a file that broke the program is one clear error`(path: String) throws {
    try Command.inFolder { folder in
      for arguments in [
        ["inspect", path], [path, "-o", "out.onnx"], [path, "--prune", "0.5", "-o", "out.keras"],
      ] {
        let result = try Command.run(arguments, in: folder)
        #expect([0, 65, 69, 76].contains(result.status), "\(arguments): \(result.errors)")
        #expect(result.errorLines.count == (result.status == 0 ? 0 : 1), "\(result.errors)")
        if result.status != 0 { #expect(try Command.names(in: folder) == []) }
      }
    }
  }

  @Test func `libhdf5 breaks down in a process of its own`() throws {
    let result = try Command.run(["inspect", Fixture.path("fuzz/models/heap_overrun.h5")])
    #expect(result.status == 65)
    #expect(result.errors.contains("libhdf5 broke down over it (signal"), "\(result.errors)")
  }

  @Test func `a file that would keep libhdf5 busy for minutes is given up`() throws {
    let result = try Command.run(["inspect", Fixture.path("fuzz/slow.h5")])
    #expect(result.status == 65)
    #expect(result.errors.contains("takes libhdf5 more than 4 s"), "\(result.errors)")
  }

  @Test func `labels that are no whole numbers are one clear error`() throws {
    try Command.inFolder { folder in
      let result = try Command.run(
        [
          "finetune", Fixture.path("cli/cnn.h5"), "--data", Fixture.path("fuzz/flowers"), "-o",
          "out.onnx",
        ], in: folder)
      #expect(result.status == 65)
      #expect(result.errors.contains("numbers that aren't classes"), "\(result.errors)")
      #expect(try Command.names(in: folder) == [])
    }
  }

  @Test func `a model is the same whichever process reads it`() throws {
    for path in ["cli/cnn.h5", "cli/deflated.keras", "keras/pure_fp16_k3.h5", "cli/cnn.keras"] {
      try Command.inFolder { folder in
        for (name, reader) in [("apart", ""), ("within", "in-process")] {
          let result = try Command.run(
            [Fixture.path(path), "-o", "\(name).onnx"], in: folder,
            environment: ["ECCONVERT_READER": reader])
          #expect(result.status == 0, "\(result.errors)")
        }
        let bytes = try #require(Fixture.bytes(folder + "/apart.onnx"))
        #expect(bytes == Fixture.bytes(folder + "/within.onnx"))
      }
    }
  }

  @Test func `two runs that write the same output don't mix`() throws {
    try Command.inFolder { folder in
      let source = Fixture.path("cli/cnn.h5")
      @Sendable func run(_ ratio: String, _ output: String) throws {
        let result = try Command.run(
          [source, "--prune", ratio, "--calibration", "none", "-f", "-o", output], in: folder)
        #expect(result.status == 0, "\(result.errors)")
      }
      let ratios = ["0.25", "0.5"]
      for ratio in ratios { try run(ratio, "\(ratio).onnx") }
      DispatchQueue.concurrentPerform(iterations: 2) { try? run(ratios[$0], "out.onnx") }
      let bytes = try #require(Fixture.bytes(folder + "/out.onnx"))
      #expect(ratios.contains { Fixture.bytes(folder + "/\($0).onnx") == bytes })
      #expect(try Command.names(in: folder) == ["0.25.onnx", "0.5.onnx", "out.onnx"])
    }
  }
}
