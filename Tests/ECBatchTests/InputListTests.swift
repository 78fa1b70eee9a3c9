import ECTestSupport
import Testing

import ECBatch

@Suite struct InputListTests {
  /// A folder with empty files.
  private func inFolder(_ names: [String], _ body: (String) throws -> Void) throws {
    let folder = Fixture.temporaryFolder()
    defer { Fixture.removeFolder(folder) }
    for name in names {
      try FolderListing.make(
        folder + "/" + (name.split(separator: "/").dropLast().joined(separator: "/")))
      Fixture.write([], to: folder + "/" + name)
    }
    try body(folder)
  }

  @Test func `a folder gives its models, sorted, with their places in it`() throws {
    try inFolder(["b.onnx", "a.h5", "sub/c.keras", "notes.txt", "w.weights.h5", ".hidden.h5"]) {
      let jobs = try InputList.jobs([$0], format: "onnx")
      #expect(jobs.map(\.output) == ["a.onnx", "b.onnx", "sub/c.onnx"])
    }
  }

  @Test func `a pattern gives what matches`() throws {
    try inFolder(["b1.h5", "b2.h5", "a.h5"]) {
      let jobs = try InputList.jobs([$0 + "/b*.h5"], format: "keras")
      #expect(jobs.map(\.output) == ["b1.keras", "b2.keras"])
    }
  }

  @Test func `a file that is missing is a job that will fail`() throws {
    #expect(try InputList.jobs(["/nowhere/x.h5"], format: "h5").map(\.output) == ["x.h5"])
  }

  @Test func `what matches nothing is told`() throws {
    try inFolder(["notes.txt"]) { folder in
      for argument in [folder, folder + "/*.h5"] {
        #expect(throws: BatchError(.nothingMatches(argument))) {
          try InputList.jobs([argument], format: "onnx")
        }
      }
    }
  }

  @Test func `two models for one output are refused`() throws {
    let jobs = [
      BatchJob(input: "a.h5", output: "a.onnx"), BatchJob(input: "a.keras", output: "a.onnx"),
    ]
    #expect(throws: BatchError(.sameOutput("a.onnx", inputs: ["a.h5", "a.keras"]))) {
      try BatchRunner(jobs, BatchSettings(folder: "out"), program: "ecconvert") { _ in [] }
    }
  }
}
