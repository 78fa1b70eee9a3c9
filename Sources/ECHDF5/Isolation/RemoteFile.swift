package import ECDiagnostics
import Glibc
import Synchronization

/// An HDF5 file that another process reads for this one; see `ReaderService`.
package final class RemoteFile: HDF5Reading {
  package let byteCount: UInt64
  private let place: Place
  private let process: ReaderProcess
  /// One question at a time.
  private let channel: Mutex<Channel>

  /// Starts a process and lets it open the bytes `range` of an open file.
  package init(
    _ executable: String, descriptor: Int32, range: Range<Int>, at place: Place
  ) throws(HDF5Error) {
    do throws(ReaderProcess.Failure) {
      process = try ReaderProcess(executable, file: descriptor)
    } catch {
      throw HDF5Error(.noReader(error.message), at: place)
    }
    byteCount = UInt64(range.count)
    self.place = place
    channel = Mutex(Channel(descriptor: process.socket))
    var message = TransferWriter()
    message.put(range.lowerBound)
    message.put(range.upperBound)
    message.put(place.trail)
    _ = try ask(message.bytes, then: nil)
  }

  package func answer(_ request: HDF5Request) throws(HDF5Error) -> HDF5Reply {
    var message = TransferWriter()
    message.put(0)
    message.put(0)
    request.write(to: &message)
    var answer = try ask(message.bytes, then: nil)
    guard let reply = try? HDF5Reply(&answer), reply.answers(request.question)
    else { throw nonsense }
    return reply
  }

  package func fill(
    _ buffer: UnsafeMutableRawBufferPointer, from path: String, as numbers: NumberType
  ) throws(HDF5Error) {
    var message = TransferWriter()
    message.put(buffer.count)
    message.put(1)
    message.put(Int(numbers.rawValue))
    message.put(path)
    _ = try ask(message.bytes, then: buffer)
  }

  /// Sends a message and takes the answer; where it is no error, bytes follow that fill a buffer.
  private func ask(
    _ message: [UInt8], then buffer: UnsafeMutableRawBufferPointer?
  ) throws(HDF5Error) -> TransferReader {
    let answer = channel.withLock { channel -> TransferReader? in
      do throws(Channel.Broken) {
        try channel.send(message)
        let answer = TransferReader(try channel.receive(limit: largestAnswer))
        var head = answer
        if let buffer, (try? head.flag()) == false, !channel.fill(buffer) { return nil }
        return answer
      } catch { return nil }
    }
    guard var answer else { throw HDF5Error(process.end(), at: place) }
    guard let failed = try? answer.flag() else { throw nonsense }
    if failed {
      let error = try? HDF5Error(&answer)
      throw error ?? nonsense
    }
    return answer
  }

  private var nonsense: HDF5Error { HDF5Error(.crashed("it answered nonsense"), at: place) }

  /// Everything that a file says is in the file, but for the counts in front of texts.
  private var largestAnswer: Int {
    Int(clamping: byteCount.multipliedReportingOverflow(by: 9).partialValue) + 1 << 20
  }
}
