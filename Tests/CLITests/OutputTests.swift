import ECTestSupport
import Foundation
import Testing

@Suite struct OutputTests {
  static let isRoot = geteuid() == 0

  @Test func `the main job writes a smaller model and says so on standard error`() throws {
    try Command.inFolder { folder in
      let full = try Command.run([model("cnn"), "-o", "full.onnx"], in: folder)
      #expect(full.status == 0, "\(full.errors)")
      let slim = try Command.run(
        [model("cnn"), "--prune", "0.5", "-o", "slim.onnx", "--report", "report.json"], in: folder)
      #expect(slim.status == 0, "\(slim.errors)")
      #expect(slim.output.isEmpty)
      #expect(!slim.errors.isEmpty)
      #expect(!slim.errors.contains("\r"), "there is no terminal, so there is no progress line")
      #expect(try Command.names(in: folder) == ["full.onnx", "report.json", "slim.onnx"])
      let before = try #require(Fixture.bytes(folder + "/full.onnx")).count
      let after = try #require(Fixture.bytes(folder + "/slim.onnx")).count
      #expect(after < before)
      let report = try #require(Fixture.bytes(folder + "/report.json"))
      let object = try JSONSerialization.jsonObject(with: Data(report))
      let members = try #require(object as? [String: Any])
      #expect(members["schemaVersion"] as? Int == 1)
      let input = try #require(members["input"] as? [String: Any])
      let output = try #require(members["output"] as? [String: Any])
      #expect(output["bytes"] as? Int == after)
      #expect(
        try #require(output["parameters"] as? Int) < #require(input["parameters"] as? Int))
      let verification = try #require(members["verification"] as? [String: Any])
      #expect(verification["passed"] as? Bool == true)
    }
  }

  @Test func `quiet says nothing`() throws {
    try Command.inFolder { folder in
      let result = try Command.run([model("cnn"), "-o", "out.onnx", "-q"], in: folder)
      #expect(result.status == 0)
      #expect(result.errors.isEmpty)
      #expect(result.output.isEmpty)
    }
  }

  @Test func `a share that removes nothing is warned of`() throws {
    try Command.inFolder { folder in
      let result = try Command.run(
        [model("cnn"), "-o", "out.onnx", "--prune", "0.01", "--calibration", "none"], in: folder)
      #expect(result.status == 0, "\(result.errors)")
      #expect(result.errors.contains("warning: nothing was pruned: 0.01 of"), "\(result.errors)")
      let half = try Command.run(
        [model("cnn"), "-o", "half.onnx", "--prune", "0.5", "--calibration", "none"], in: folder)
      #expect(!half.errors.contains("nothing was pruned"), "\(half.errors)")
    }
  }

  @Test func `inspect has colours only where they are wanted`() throws {
    let plain = try Command.run(["inspect", model("cnn")])
    #expect(!plain.output.contains(0x1B), "standard output is no terminal")
    let coloured = try Command.run(["inspect", model("cnn"), "--color", "always"])
    #expect(coloured.output.contains(0x1B))
    #expect(
      try Command.run(["inspect", model("cnn"), "--color", "never"]).output == plain.output)
  }

  @Test func `models of different precision are compared by the coarser one`() throws {
    try Command.inFolder { folder in
      for (name, type) in [("full.onnx", "fp32"), ("half.onnx", "fp16")] {
        let done = try Command.run([model("cnn"), "-o", name, "--dtype", type], in: folder)
        #expect(done.status == 0, "\(done.errors)")
      }
      let compared = ["compare", "full.onnx", "half.onnx"]
      #expect(try Command.run(compared, in: folder).status == 0)
      #expect(try Command.run(compared + ["--rtol", "0.0000001"], in: folder).status == 5)
    }
  }

  @Test func `verbose names stages and their times`() throws {
    try Command.inFolder { folder in
      let result = try Command.run([model("cnn"), "-o", "out.onnx", "-v"], in: folder)
      #expect(result.status == 0)
      #expect(result.errors.contains(" s\n"))
    }
  }

  @Test func `a dash writes the same bytes to standard output`() throws {
    try Command.inFolder { folder in
      let options = [model("cnn"), "--prune", "0.5"]
      #expect(try Command.run(options + ["-o", "out.onnx"], in: folder).status == 0)
      let piped = try Command.run(options + ["-o", "-"], in: folder)
      #expect(piped.status == 0, "\(piped.errors)")
      #expect(!piped.output.isEmpty)
      #expect(Array(piped.output) == Fixture.bytes(folder + "/out.onnx"))
      #expect(try Command.names(in: folder) == ["out.onnx"])
    }
  }

  @Test func `the same command gives the same bytes`() throws {
    try Command.inFolder { folder in
      for name in ["a.onnx", "b.onnx"] {
        #expect(
          try Command.run([model("cnn"), "--prune", "0.5", "-o", name], in: folder).status == 0)
      }
      let first = try #require(Fixture.bytes(folder + "/a.onnx"))
      #expect(first == Fixture.bytes(folder + "/b.onnx"))
    }
  }

  @Test func `a dry run writes no model`() throws {
    try Command.inFolder { folder in
      let result = try Command.run([model("cnn"), "--prune", "0.5", "--dry-run"], in: folder)
      #expect(result.status == 0, "\(result.errors)")
      #expect(!result.errors.isEmpty)
      #expect(try Command.names(in: folder).isEmpty)
    }
  }

  @Test func `an existing file stays unless forced`() throws {
    try Command.inFolder { folder in
      let old = Array("precious".utf8)
      Fixture.write(old, to: folder + "/out.onnx")
      let refused = try Command.run([model("cnn"), "-o", "out.onnx"], in: folder)
      #expect(refused.status == 73)
      #expect(refused.errorLines.count == 1)
      #expect(refused.errors.contains("--force"))
      #expect(Fixture.bytes(folder + "/out.onnx") == old)
      #expect(try Command.names(in: folder) == ["out.onnx"])
      let forced = try Command.run([model("cnn"), "-o", "out.onnx", "--force"], in: folder)
      #expect(forced.status == 0, "\(forced.errors)")
      #expect(try #require(Fixture.bytes(folder + "/out.onnx")).count > 1000)
    }
  }

  @Test func `a folder that isn't there can't be written to`() throws {
    try Command.inFolder { folder in
      let result = try Command.run([model("cnn"), "-o", "none/out.onnx"], in: folder)
      #expect(result.status == 73, "\(result.errors)")
      #expect(result.errorLines.count == 1)
      #expect(try Command.names(in: folder).isEmpty)
    }
  }

  // Root may write everywhere but in /proc.
  @Test func `a folder that can't be written is one clear error`() throws {
    let result = try Command.run([model("cnn"), "-o", "/proc/out.onnx"])
    #expect(result.status == 73, "\(result.errors)")
    #expect(result.errorLines.count == 1)
  }

  @Test(.enabled(if: FullDisk.isPossible, "mounting a small tmpfs needs root"))
  func `a full disk is one clear error and leaves nothing`() throws {
    let disk = try #require(FullDisk())
    defer { disk.unmount() }
    let result = try Command.run([model("cnn"), "-o", disk.folder + "/out.onnx"])
    #expect(result.status == 73, "\(result.errors)")
    #expect(result.errorLines.count == 1)
    #expect(try Command.names(in: disk.folder).isEmpty)
  }

  @Test func `a plan is kept, and replayed to the same bytes`() throws {
    try Command.inFolder { folder in
      let plan = try Command.run(
        ["plan", model("cnn"), "--prune", "0.5", "-o", "plan.json"], in: folder)
      #expect(plan.status == 0, "\(plan.errors)")
      #expect(try Command.names(in: folder) == ["plan.json"])
      for arguments in [
        ["--plan", "plan.json", "-o", "a.onnx"], ["--prune", "0.5", "-o", "b.onnx"],
      ] {
        #expect(try Command.run([model("cnn")] + arguments, in: folder).status == 0)
      }
      let replayed = try #require(Fixture.bytes(folder + "/a.onnx"))
      #expect(replayed == Fixture.bytes(folder + "/b.onnx"))
    }
  }

  @Test func `compare passes for a conversion and ends with 5 for a pruned model`() throws {
    try Command.inFolder { folder in
      #expect(try Command.run([model("cnn"), "-o", "full.onnx"], in: folder).status == 0)
      #expect(
        try Command.run([model("cnn"), "--prune", "0.5", "-o", "slim.onnx"], in: folder).status == 0
      )
      let same = try Command.run(["compare", model("cnn"), "full.onnx"], in: folder)
      #expect(same.status == 0, "\(same.errors)")
      let other = try Command.run(["compare", model("cnn"), "slim.onnx", "--json"], in: folder)
      #expect(other.status == 5, "\(other.errors)")
      #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: other.output) }
    }
  }

  @Test func `inspect gives JSON as data`() throws {
    let result = try Command.run(["inspect", model("cnn"), "--json"])
    #expect(result.status == 0, "\(result.errors)")
    let object = try JSONSerialization.jsonObject(with: result.output)
    let members = try #require(object as? [String: Any])
    #expect(try #require(members["parameters"] as? Int) > 1000)
    let people = try Command.run(["inspect", model("cnn")])
    let text = String(decoding: people.output, as: UTF8.self)
    #expect(text.contains("inner_conv"))
    #expect(text.split(separator: "\n").filter { $0.count > 80 } == [])
    #expect(text.contains("    5 channels, 45 parameters, 40 MACs (0.0 % of all)\n"))
    #expect(people.errors.isEmpty)
  }
}

/// A disk of 64 KiB that is full but for one page.
struct FullDisk {
  let folder: String

  /// Whether a file system can be mounted here.
  static let isPossible: Bool = {
    guard let disk = FullDisk() else { return false }
    disk.unmount()
    return true
  }()

  init?() {
    folder = Fixture.temporaryFolder()
    guard mount("tmpfs", folder, "tmpfs", 0, "size=4k") == 0 else {
      rmdir(folder)
      return nil
    }
  }

  func unmount() {
    umount2(folder, 0)
    rmdir(folder)
  }
}
