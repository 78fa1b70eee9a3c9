import ECTestSupport
import Foundation
import Testing

@Suite struct SignalTests {
  /// A run whose input is a pipe that somebody opens and never fills, which gets a signal while it
  /// waits there: how long a busy machine takes to start it doesn't matter.
  private static func interrupted(by signal: Int32, in folder: String) throws -> Command.Result {
    let pipe = folder + "/in.h5"
    mkfifo(pipe, 0o600)
    var descriptor: Int32 = -1
    defer { close(descriptor) }
    return try Command.run(["in.h5", "-o", "out.onnx"], in: folder, signal: signal) {
      // Opens as soon as there is a reader.
      for _ in 0..<3000 where descriptor < 0 {
        descriptor = open(pipe, O_WRONLY | O_NONBLOCK)
        if descriptor < 0 { Thread.sleep(forTimeInterval: 0.01) }
      }
      #expect(descriptor >= 0, "nobody reads")
    }
  }

  @Test(arguments: [SIGINT, SIGTERM])
  func `a signal ends with 130 and leaves nothing`(signal: Int32) throws {
    try Command.inFolder { folder in
      let result = try Self.interrupted(by: signal, in: folder)
      #expect(result.status == 130, "\(result.errors)")
      #expect(result.errors.contains("interrupted"))
      #expect(try Command.names(in: folder) == ["in.h5"])
    }
  }

  @Test func `a fault of the program asks for a report`() throws {
    try Command.inFolder { folder in
      let result = try Self.interrupted(by: SIGILL, in: folder)
      #expect(result.status == 70)
      #expect(result.errors.contains("report"))
    }
  }
}
