import ECTestSupport
import Foundation
import Testing

@Suite struct SignalTests {
  // The input is a pipe that nobody writes, so that the command waits for the signal.
  @Test(arguments: [SIGINT, SIGTERM])
  func `a signal ends with 130 and leaves nothing`(signal: Int32) throws {
    try Command.inFolder { folder in
      mkfifo(folder + "/in.h5", 0o600)
      let result = try Command.run(
        ["in.h5", "-o", "out.onnx"], in: folder, signal: signal, after: 0.3)
      #expect(result.status == 130, "\(result.errors)")
      #expect(result.errors.contains("interrupted"))
      #expect(try Command.names(in: folder) == ["in.h5"])
    }
  }

  @Test func `a fault of the program asks for a report`() throws {
    try Command.inFolder { folder in
      mkfifo(folder + "/in.h5", 0o600)
      let result = try Command.run(
        ["in.h5", "-o", "out.onnx"], in: folder, signal: SIGILL, after: 0.3)
      #expect(result.status == 70)
      #expect(result.errors.contains("report"))
    }
  }
}
