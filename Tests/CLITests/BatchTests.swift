import ECTestSupport
import Foundation
import Testing

@Suite struct BatchTests {
  /// A folder with some models that convert and one that doesn't.
  private func inFolder(_ body: (String) throws -> Void) throws {
    try Command.inFolder { folder in
      try FileManager.default.createDirectory(
        atPath: folder + "/models", withIntermediateDirectories: true)
      for (name, source) in [
        ("a.h5", "cnn.h5"), ("b.keras", "cnn.keras"), ("c.h5", "mlp.h5"),
        ("lambda.h5", "lambda.h5"),
      ] {
        try FileManager.default.copyItem(
          atPath: Fixture.path("cli/" + source), toPath: folder + "/models/" + name)
      }
      try body(folder)
    }
  }

  /// The events of the log, as `event output`.
  private func events(_ folder: String) throws -> [String] {
    try String(contentsOfFile: folder + "/out/.ecconvert/log.jsonl", encoding: .utf8)
      .split(separator: "\n").map { line in
        let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
        return "\(object?["event"] ?? "") \(object?["output"] ?? "")"
      }
  }

  private func summary(_ folder: String) throws -> [String: [String: Any]] {
    let data = try Data(contentsOf: URL(filePath: folder + "/out/summary.json"))
    let object = try JSONSerialization.jsonObject(with: data) as? [String: Any]
    let jobs = object?["jobs"] as? [[String: Any]] ?? []
    return Dictionary(uniqueKeysWithValues: jobs.map { ($0["output"] as? String ?? "", $0) })
  }

  @Test func `others go on after one has failed, and nothing is done twice`() throws {
    try inFolder { folder in
      let arguments = ["batch", "models", "--prune", "0.5", "--out-dir", "out", "--keep-going"]
      let first = try Command.run(arguments, in: folder)
      #expect(first.status == 75, "\(first.errors)")
      #expect(first.errors.contains("3 done, 1 failed"))
      #expect(first.errors.contains("lambda.h5: 1 layer can't be read\n  to fix:"))
      var jobs = try summary(folder)
      #expect(jobs["lambda.onnx"]?["status"] as? String == "failed")
      for name in ["a", "b", "c"] {
        #expect(jobs[name + ".onnx"]?["status"] as? String == "done")
        #expect(FileManager.default.fileExists(atPath: folder + "/out/\(name).onnx"))
      }

      // One input changes, one result is lost, the failed one is tried again.
      try FileManager.default.removeItem(atPath: folder + "/models/a.h5")
      try FileManager.default.copyItem(
        atPath: folder + "/models/c.h5", toPath: folder + "/models/a.h5")
      try FileManager.default.removeItem(atPath: folder + "/out/b.onnx")
      let second = try Command.run(arguments + ["--resume"], in: folder)
      #expect(second.status == 75, "\(second.errors)")
      jobs = try summary(folder)
      #expect(jobs["a.onnx"]?["status"] as? String == "done")
      #expect(jobs["b.onnx"]?["status"] as? String == "done")
      #expect(jobs["c.onnx"]?["status"] as? String == "unchanged")
      #expect(try events(folder).count { $0 == "done c.onnx" } == 1)
    }
  }

  @Test func `without keep-going the first fault ends the batch`() throws {
    try inFolder { folder in
      let names = ["lambda", "a", "b", "c"].map { "models/\($0).h5" }
      let result = try Command.run(
        ["batch"] + names + ["--out-dir", "out", "--jobs", "1"], in: folder)
      #expect(result.status == 75)
      #expect(result.errors.contains("1 failed, 3 not run"))
    }
  }

  @Test func `existing outputs need a word`() throws {
    try inFolder { folder in
      let arguments = ["batch", "models/a.h5", "--out-dir", "out"]
      #expect(try Command.run(arguments, in: folder).status == 0)
      let again = try Command.run(arguments, in: folder)
      #expect(again.status == 73)
      #expect(again.errors.contains("--resume"))
      #expect(try Command.run(arguments + ["--force"], in: folder).status == 0)
      // What a batch made may be replaced by it, what somebody else put there may not.
      let other = try Command.run(arguments + ["--resume", "--prune", "0.5"], in: folder)
      #expect(other.status == 0, "\(other.errors)")
      Fixture.write([1], to: folder + "/out/a.onnx")
      let foreign = try Command.run(arguments + ["--resume"], in: folder)
      #expect(foreign.status == 75 && foreign.errors.contains("the output exists"))
    }
  }

  @Test func `a killed batch leaves no process and goes on where it was`() throws {
    try inFolder { folder in
      try FileManager.default.removeItem(atPath: folder + "/models/lambda.h5")
      for k in 0..<8 {
        try FileManager.default.copyItem(
          atPath: folder + "/models/a.h5", toPath: folder + "/models/n\(k).h5")
      }
      let arguments = [
        "batch", "models", "--prune", "0.5", "--out-dir", "out", "--resume", "--jobs", "2",
      ]
      for seconds in [0.1, 0.25, 0.4] {
        _ = try Command.run(arguments, in: folder, signal: SIGKILL) {
          Thread.sleep(forTimeInterval: seconds)
        }
      }
      let last = try Command.run(arguments, in: folder)
      #expect(last.status == 0, "\(last.errors)")
      let log = try events(folder)
      let jobs = try summary(folder)
      #expect(jobs.count == 11)
      for name in jobs.keys {
        #expect(log.count { $0 == "done " + name } <= 1)
        #expect(FileManager.default.fileExists(atPath: folder + "/out/" + name))
      }
      let left = try Command.names(in: folder + "/out").filter { $0.hasPrefix(".ecconvert-") }
      #expect(left.isEmpty, "\(left)")
    }
  }

  @Test func `parts share a folder, and the summary of all is written afterwards`() throws {
    try inFolder { folder in
      Fixture.write(
        [UInt8]("defaults: {prune: 0.5}\njobs: [models/a.h5, models/b.keras, models/c.h5]\n".utf8),
        to: folder + "/jobs.yaml")
      let arguments = ["batch", "--jobs-file", "jobs.yaml", "--out-dir", "out"]
      for part in ["1/2", "2/2"] {
        let result = try Command.run(arguments + ["--shard", part], in: folder)
        #expect(result.status == 0, "\(result.errors)")
      }
      let result = try Command.run(arguments + ["--summarize"], in: folder)
      #expect(result.status == 0, "\(result.errors)")
      #expect(try summary(folder).count == 3)
    }
  }

  @Test func `tasks of a larger system don't wait for each other in a folder`() throws {
    try inFolder { folder in
      let lock = folder + "/out/.ecconvert/"
      for name in ["a", "c"] {
        Fixture.write([UInt8]("jobs: [models/\(name).h5]".utf8), to: folder + "/\(name).yaml")
        let result = try Command.run(
          ["batch", "--jobs-file", "\(name).yaml", "--out-dir", "out", "--shard", "1/1"], in: folder
        )
        #expect(result.status == 0, "\(result.errors)")
      }
      // Each has a lock of its own, and the same task again takes the same.
      _ = try Command.run(
        ["batch", "--jobs-file", "a.yaml", "--out-dir", "out", "--shard", "1/1", "--resume"],
        in: folder)
      #expect(try Command.names(in: lock).count { $0.hasPrefix("lock-") } == 2)
    }
  }

  @Test func `options that make no sense are told before anything starts`() throws {
    try inFolder { folder in
      Fixture.write(
        [UInt8]("jobs: [models/a.h5, {input: models/c.h5, options: {prune: 1.5}}]".utf8),
        to: folder + "/jobs.yaml")
      let result = try Command.run(
        ["batch", "--jobs-file", "jobs.yaml", "--out-dir", "out"], in: folder)
      #expect(result.status == 64)
      #expect(result.errorLines.count == 1 && result.errors.contains("job 'c.onnx' › --prune"))
      #expect(!FileManager.default.fileExists(atPath: folder + "/out"))
    }
  }
}
