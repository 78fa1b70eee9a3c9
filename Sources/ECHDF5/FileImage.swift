import ECDiagnostics
import Glibc

/// A part of a file, mapped for reading.
final class FileImage: Sendable {
  /// The bytes, valid as long as this object lives.
  nonisolated(unsafe) let bytes: UnsafeRawBufferPointer
  nonisolated(unsafe) private let map: UnsafeMutableRawPointer
  private let mapByteCount: Int

  /// Maps the bytes `range` of an open file.
  /// - Throws: `HDF5Error` where the file is shorter than the range, or can't be mapped.
  init(descriptor: Int32, range: Range<Int>, at place: Place) throws(HDF5Error) {
    var status = stat()
    guard fstat(descriptor, &status) == 0, range.lowerBound >= 0, !range.isEmpty,
      range.upperBound <= Int(status.st_size)
    else {
      throw HDF5Error(.truncated("it became shorter while it was read"), at: place)
    }
    guard let map = mmap(nil, range.upperBound, PROT_READ, MAP_PRIVATE, descriptor, 0),
      map != MAP_FAILED
    else {
      let message = String(cString: strerror(errno)).lowercased()
      throw HDF5Error(.library(operation: "opening", message: message), at: place)
    }
    self.map = map
    mapByteCount = range.upperBound
    bytes = UnsafeRawBufferPointer(start: map + range.lowerBound, count: range.count)
  }

  deinit { munmap(map, mapByteCount) }
}
