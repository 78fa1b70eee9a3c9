import ECTestSupport
import Foundation
import Testing

@Suite struct ExternalDataTests {
  private let always = ["--external-data", "always"]

  @Test func `weights beside the model are verified, and read again to the same bytes`() throws {
    try Command.inFolder { folder in
      let written = try Command.run([model("cnn"), "-o", "a.onnx"] + always, in: folder)
      #expect(written.status == 0, "\(written.errors)")
      #expect(try Command.names(in: folder) == ["a.onnx", "a.onnx.data"])
      #expect(try Command.run([model("cnn"), "-o", "b.onnx"], in: folder).status == 0)
      let inside = try Command.run(
        ["a.onnx", "-o", "c.onnx", "--external-data", "never"], in: folder)
      #expect(inside.status == 0, "\(inside.errors)")
      #expect(Fixture.bytes(folder + "/c.onnx") == Fixture.bytes(folder + "/b.onnx"))
      #expect(
        try Command.names(in: folder) == ["a.onnx", "a.onnx.data", "b.onnx", "c.onnx"])
    }
  }

  @Test func `the weights of the source are never replaced`() throws {
    try Command.inFolder { folder in
      #expect(try Command.run([model("cnn"), "-o", "a.onnx"] + always, in: folder).status == 0)
      let data = Fixture.bytes(folder + "/a.onnx.data")
      let replaced = try Command.run(["a.onnx", "-o", "./a.onnx", "--force"] + always, in: folder)
      #expect(replaced.status == 0, "\(replaced.errors)")
      #expect(replaced.errors.contains("'a.onnx.1.data'"))
      #expect(try Command.names(in: folder) == ["a.onnx", "a.onnx.1.data", "a.onnx.data"])
      #expect(Fixture.bytes(folder + "/a.onnx.data") == data)
      let again = try Command.run(["a.onnx", "-o", "b.onnx"], in: folder)
      #expect(again.status == 0, "\(again.errors)")
    }
  }

  @Test func `an output in the place of the source's weights is refused`() throws {
    try Command.inFolder { folder in
      Fixture.write(
        try #require(Fixture.bytes(Fixture.path("onnx/external.onnx"))), to: folder + "/in.onnx")
      let weights = try #require(Fixture.bytes(Fixture.path("onnx/external.bin")))
      Fixture.write(weights, to: folder + "/external.bin")
      symlink("external.bin", folder + "/out.onnx")
      let result = try Command.run(["in.onnx", "-o", "out.onnx", "--force"], in: folder)
      #expect(result.status == 73, "\(result.errors)")
      #expect(result.errors.contains("weights of the source"))
      #expect(Fixture.bytes(folder + "/external.bin") == weights)
    }
  }

  @Test func `data of another model are replaced only by force`() throws {
    try Command.inFolder { folder in
      Fixture.write([1], to: folder + "/a.onnx.data")
      let refused = try Command.run([model("cnn"), "-o", "a.onnx"] + always, in: folder)
      #expect(refused.status == 73, "\(refused.errors)")
      #expect(refused.errors.contains("a.onnx.data"))
      #expect(try Command.names(in: folder) == ["a.onnx.data"])
      let forced = try Command.run([model("cnn"), "-o", "a.onnx", "--force"] + always, in: folder)
      #expect(forced.status == 0, "\(forced.errors)")
      #expect(try Command.names(in: folder) == ["a.onnx", "a.onnx.data"])
    }
  }

  @Test func `what verification rejects leaves the old model and its weights`() throws {
    try Command.inFolder { folder in
      #expect(try Command.run([model("cnn"), "-o", "a.onnx"] + always, in: folder).status == 0)
      let before = ["/a.onnx", "/a.onnx.data"].map { Fixture.bytes(folder + $0) }
      let rejected = try Command.run(
        [model("cnn"), "-o", "a.onnx", "--dtype", "fp16", "--rtol", "0", "--atol", "0"] + always,
        in: folder)
      #expect(rejected.status == 73, "\(rejected.errors)")
      #expect(["/a.onnx", "/a.onnx.data"].map { Fixture.bytes(folder + $0) } == before)
      let again = try Command.run(
        [model("cnn"), "-o", "new.onnx", "--dtype", "fp16", "--rtol", "0", "--atol", "0"] + always,
        in: folder)
      #expect(again.status == 76, "\(again.errors)")
      #expect(try Command.names(in: folder) == ["a.onnx", "a.onnx.data"])
    }
  }

  @Test func `standard output has no place for weights beside the model`() throws {
    let result = try Command.run([model("cnn"), "-o", "-"] + always)
    #expect(result.status == 64, "\(result.errors)")
    #expect(result.output.isEmpty)
    #expect(result.errorLines.count == 1)
    #expect(result.errors.contains("--external-data"))
  }

  @Test func `locations outside the folder or the file are refused`() throws {
    let names = try Command.names(in: Fixture.path("onnx"))
      .filter { $0.hasPrefix("broken_external_") }
    #expect(names.count >= 9)
    try Command.inFolder { folder in
      for name in names {
        let result = try Command.run(
          [Fixture.path("onnx/\(name)"), "-o", "out.onnx"], in: folder)
        #expect(result.status == 65, "\(name): \(result.errors)")
        #expect(result.errorLines.count == 1)
      }
      #expect(try Command.names(in: folder).isEmpty)
    }
  }

  @Test(arguments: ["symbolic link", "hard link", "pipe"])
  func `locations that aren't plain files are refused`(kind: String) throws {
    try Command.inFolder { folder in
      Fixture.write(
        try #require(Fixture.bytes(Fixture.path("onnx/broken_external_link.onnx"))),
        to: folder + "/in.onnx")
      Fixture.write(
        try #require(Fixture.bytes(Fixture.path("onnx/external.bin"))), to: folder + "/real.bin")
      switch kind {
      case "symbolic link": symlink("real.bin", folder + "/link.bin")
      case "hard link": link(folder + "/real.bin", folder + "/link.bin")
      default: mkfifo(folder + "/link.bin", 0o600)
      }
      let result = try Command.run(["in.onnx", "-o", "out.onnx"], in: folder)
      #expect(result.status == 65, "\(result.errors)")
      #expect(result.errors.contains("link.bin"))
    }
  }
}
