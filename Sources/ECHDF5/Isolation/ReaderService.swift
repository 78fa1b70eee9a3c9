import ECDiagnostics
import Glibc

/// The process that runs libhdf5 for another one, on one file, until the other hangs up.
///
/// What it is asked first opens the file: the bytes to read and what errors say of where they are.
/// Each answer begins with 0, or with 1 and an error; numbers of a dataset follow theirs unpacked.
struct ReaderService {
  /// The descriptors that the other process prepares.
  static let file: Int32 = 3
  static let socket: Int32 = 4

  private let channel = Channel(descriptor: ReaderService.socket)

  /// Serves and exits.
  func run() -> Never {
    var limits = ReaderLimits(descriptors: ReaderService.socket + 1)
    do {
      var opening = TransferReader(try channel.receive(limit: 1 << 20))
      let start = try opening.count()
      let end = try opening.count()
      guard start <= end else { exit(EXIT_FAILURE) }
      let place = Place(try opening.texts())
      guard let file = try open(start..<end, at: place) else { exit(EXIT_SUCCESS) }
      while let message = try? channel.receive(limit: 1 << 24) {
        try serve(TransferReader(message), file, &limits)
      }
      exit(EXIT_SUCCESS)
    } catch {
      exit(EXIT_FAILURE)
    }
  }

  private func open(_ range: Range<Int>, at place: Place) throws -> LocalFile? {
    do throws(HDF5Error) {
      let image = try FileImage(descriptor: ReaderService.file, range: range, at: place)
      let file = try LocalFile(image, at: place)
      try? channel.send(ReaderService.success.bytes)
      return file
    } catch {
      try channel.send(ReaderService.message(error))
      return nil
    }
  }

  private func serve(
    _ message: TransferReader, _ file: LocalFile, _ limits: inout ReaderLimits
  ) throws {
    var message = message
    let byteCount = try message.count()
    limits.allow(byteCount: byteCount)
    guard try message.flag() else {
      let request = try HDF5Request(&message)
      let reply: [UInt8]
      do throws(HDF5Error) {
        var writer = ReaderService.success
        try file.answer(request).write(to: &writer)
        reply = writer.bytes
      } catch { reply = ReaderService.message(error) }
      return try channel.send(reply)
    }
    guard let numbers = NumberType(rawValue: UInt8(truncatingIfNeeded: try message.number())) else {
      throw TransferError()
    }
    try sendNumbers(of: try message.text(), as: numbers, byteCount, file)
  }

  private func sendNumbers(
    of path: String, as numbers: NumberType, _ byteCount: Int, _ file: LocalFile
  ) throws {
    guard let memory = malloc(max(byteCount, 1)) else { exit(EXIT_FAILURE) }
    defer { free(memory) }
    let buffer = UnsafeMutableRawBufferPointer(start: memory, count: byteCount)
    do throws(HDF5Error) {
      try file.fill(buffer, from: path, as: numbers)
    } catch {
      return try channel.send(ReaderService.message(error))
    }
    try channel.send(ReaderService.success.bytes)
    guard channel.send(UnsafeRawBufferPointer(buffer)) else { throw Channel.Broken() }
  }

  private static var success: TransferWriter {
    var message = TransferWriter()
    message.put(0)
    return message
  }

  private static func message(_ error: HDF5Error) -> [UInt8] {
    var message = TransferWriter()
    message.put(1)
    error.write(to: &message)
    return message.bytes
  }
}
