import ECConvert
import ECDiagnostics
import ECTestSupport
import Glibc
import Testing

@Suite struct OutputFileTests {
  private func text(_ path: String) -> String? {
    Fixture.bytes(path).map { String(decoding: $0, as: UTF8.self) }
  }

  @Test func `a file appears under its name only when it is whole`() throws {
    let folder = Folder()
    do {
      var file = try OutputFile(path: folder.file("y"), force: false)
      #expect(folder.names.allSatisfy { $0.hasPrefix(".ecconvert-") })
      #expect(file.byteCount == 0)
      Fixture.write(Array("whole".utf8), to: file.temporaryPath)
      #expect(!folder.names.contains("y"))
      #expect(file.byteCount == 5)
      try file.commit()
      #expect(file.byteCount == 5)
    }
    #expect(folder.names == ["y"])
    #expect(text(folder.file("y")) == "whole")
  }

  @Test func `what wasn't finished is removed`() throws {
    let folder = Folder()
    let old = folder.write(Array("old".utf8), "y")
    do {
      let file = try OutputFile(path: old, force: true)
      Fixture.write(Array("half".utf8), to: file.temporaryPath)
      #expect(folder.names.count == 2)
    }
    #expect(folder.names == ["y"])
    #expect(text(old) == "old")
  }

  @Test func `companions are staged under their names and appear together with the file`() throws {
    let folder = Folder()
    do {
      var file = try OutputFile(path: folder.file("y"), force: false)
      let data = try file.companion("y.data")
      #expect(OutputFile.folder(of: data) == OutputFile.folder(of: file.temporaryPath))
      #expect(OutputFile.name(of: data) == "y.data")
      Fixture.write(Array("data".utf8), to: data)
      Fixture.write(Array("model".utf8), to: file.temporaryPath)
      Fixture.write([1], to: file.scratch("left over"))
      try file.commit(companions: ["y.data"])
    }
    #expect(folder.names == ["y", "y.data"])
    #expect(text(folder.file("y")) == "model")
    #expect(text(folder.file("y.data")) == "data")
  }

  @Test func `a companion that exists is replaced only by force`() throws {
    let folder = Folder()
    let old = folder.write([1], "y.data")
    #expect(throws: ConversionFault(.outputExists, at: .file(old))) {
      var file = try OutputFile(path: folder.file("y"), force: false)
      _ = try file.companion("y.data")
    }
    #expect(folder.names == ["y.data"])
  }

  @Test func `a name that can't be given leaves the old files as they were`() throws {
    let folder = Folder()
    let oldData = folder.write(Array("old data".utf8), "y.data")
    do {
      var file = try OutputFile(path: folder.file("y"), force: true)
      Fixture.write(Array("new data".utf8), to: try file.companion("y.data"))
      Fixture.write(Array("new".utf8), to: try file.companion("z.data"))
      Fixture.write(Array("model".utf8), to: file.temporaryPath)
      // In the meantime somebody makes a folder where the model goes.
      #expect(mkdir(folder.file("y"), 0o755) == 0)
      #expect(throws: ConversionFault.self) { try file.commit(companions: ["y.data", "z.data"]) }
    }
    #expect(text(oldData) == "old data")
    rmdir(folder.file("y"))
    #expect(folder.names == ["y.data"])
  }

  @Test func `a file that exists is replaced only by force`() throws {
    let folder = Folder()
    let path = folder.write([1], "y")
    #expect(throws: ConversionFault(.outputExists, at: .file(path))) {
      _ = try OutputFile(path: path, force: false).path
    }
    try OutputFile.write("new", to: path)
    #expect(text(path) == "new")
    #expect(folder.names == ["y"])
  }

  @Test func `a link stays a link, and what it points to is replaced`() throws {
    let folder = Folder()
    let target = folder.write(Array("old".utf8), "target")
    #expect(symlink(target, folder.file("link")) == 0)
    try OutputFile.write("new", to: folder.file("link"))
    #expect(text(target) == "new")
    #expect(folder.names == ["link", "target"])
    var status = stat()
    #expect(lstat(folder.file("link"), &status) == 0)
    #expect(status.st_mode & S_IFMT == S_IFLNK)
  }

  @Test func `a folder is never replaced`() throws {
    let folder = Folder()
    #expect(
      throws: ConversionFault(.cannotWrite(message: "it is a folder"), at: .file(folder.path))
    ) {
      _ = try OutputFile(path: folder.path, force: true).path
    }
  }

  @Test func `a missing folder is named before anything is computed`() {
    let error = #expect(throws: ConversionFault.self) {
      _ = try OutputFile(path: "/nowhere/y", force: false).path
    }
    #expect(error?.category == .output)
    #expect(error?.what.contains("'/nowhere'") == true)
  }

  @Test func `paths have a folder and a name`() {
    #expect(OutputFile.folder(of: "a/b/c") == "a/b")
    #expect(OutputFile.folder(of: "c") == ".")
    #expect(OutputFile.folder(of: "/c") == "/")
    #expect(OutputFile.name(of: "a/b/c") == "c")
    #expect(OutputFile.name(of: "c") == "c")
  }
}
