import ECDiagnostics
import Glibc
import Testing

import ECHDF5

@Suite struct TransferTests {
  @Test(arguments: HDF5Error.samples)
  func `errors cross between processes as they are`(error: HDF5Error) throws {
    var message = TransferWriter()
    error.write(to: &message)
    var reader = TransferReader(message.bytes)
    #expect(try HDF5Error(&reader) == error)
  }

  private static let replies: [HDF5Reply] = {
    let kinds: [ElementKind] = [.float16, .bfloat16, .float32, .float64, .int(bits: 8)]
    let datasets = kinds.map { kind in
      DatasetDescription(
        shape: [2, 3], elementKind: kind, byteOrder: .big, elementCount: 6,
        byteCount: 6 * (kind.byteCount ?? 0), contiguousOffset: kind == .float32 ? 96 : nil,
        filters: ["gzip", "shuffle"])
    }
    return [
      .flag(true), .flag(false), .kind(.dataset), .text("a"), .text(nil), .text(""), .texts(nil),
      .texts([]), .texts(["a", "é", ""]),
    ] + datasets.map { .dataset($0) }
  }()

  @Test(arguments: replies)
  func `answers cross between processes as they are`(reply: HDF5Reply) throws {
    var message = TransferWriter()
    reply.write(to: &message)
    var reader = TransferReader(message.bytes)
    #expect(try HDF5Reply(&reader) == reply)
  }

  @Test(arguments: replies)
  func `answers that are cut short are refused`(reply: HDF5Reply) {
    var message = TransferWriter()
    reply.write(to: &message)
    for count in 0..<message.bytes.count {
      var reader = TransferReader(Array(message.bytes[..<count]))
      #expect(throws: TransferError.self) { try HDF5Reply(&reader) }
    }
  }

  @Test func `a description that doesn't fit its own sizes is refused`() {
    for (shape, count, bytes) in [([2, 3], 5, 20), ([2, 3], 6, 20), ([1 << 40, 1 << 40], 0, 0)] {
      let wrong = DatasetDescription(
        shape: shape, elementKind: .float32, byteOrder: .little, elementCount: count,
        byteCount: bytes, contiguousOffset: 0, filters: [])
      var message = TransferWriter()
      HDF5Reply.dataset(wrong).write(to: &message)
      var reader = TransferReader(message.bytes)
      #expect(throws: TransferError.self) { try HDF5Reply(&reader) }
    }
  }

  @Test func `a count beyond the message takes no memory`() {
    var message = TransferWriter()
    message.put(3)
    message.put(Int.max)
    var reader = TransferReader(message.bytes)
    #expect(throws: TransferError.self) { try HDF5Reply(&reader) }
  }

  @Test(arguments: ["/nowhere/at/all", "/bin/true"])
  func `a reader that can't read is an error`(executable: String) throws {
    let descriptor = open(fixture("datasets"), O_RDONLY)
    defer { close(descriptor) }
    #expect(throws: HDF5Error.self) {
      try RemoteFile(executable, descriptor: descriptor, range: 0..<100, at: Place())
    }
  }
}
