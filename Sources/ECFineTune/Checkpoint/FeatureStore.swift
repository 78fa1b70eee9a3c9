import ECDiagnostics
import Glibc

/// Features on disk that survive the end of the program at any moment, also by SIGKILL.
///
/// The file is mapped and shared: what was written stays in the system's cache when the program ends.
/// It is a header of 32 bytes (mark, fingerprint, rows, width), a byte for every row that says
/// whether it is there, and the rows as float32. Different rows may be written at the same time.
public final class FeatureStore: @unchecked Sendable {
  /// What is known of a row.
  public enum Status: UInt8, Sendable {
    case missing = 0
    case done = 1
    /// The image can't be decoded.
    case broken = 2
  }

  /// The number of rows.
  public let count: Int
  /// The number of features.
  public let width: Int
  private let bytes: UnsafeMutableRawBufferPointer
  private static let mark: UInt64 = 0x3154_4145_4643_4345
  private static let headerByteCount = 32

  private var rowStart: Int { (FeatureStore.headerByteCount + count + 63) / 64 * 64 }

  /// Opens a store, or makes it anew unless it is of the same fingerprint and extents.
  /// - Parameter path: `nil` keeps everything in memory.
  /// - Throws: `FineTuneError.cannotWrite`.
  public init(path: String?, fingerprint: UInt64, count: Int, width: Int) throws(FineTuneError) {
    (self.count, self.width) = (count, width)
    let rowStart = (FeatureStore.headerByteCount + count + 63) / 64 * 64
    let size = rowStart + count * width * 4
    guard let path else {
      bytes = try FeatureStore.map(-1, size, "")
      return
    }
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw FeatureStore.failure(path) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw FeatureStore.failure(path) }
    let header = [FeatureStore.mark, fingerprint, UInt64(count), UInt64(width)]
    if Int(status.st_size) == size {
      let known = try FeatureStore.map(descriptor, size, path)
      if known.prefix(32).elementsEqual(header.withUnsafeBytes { Array($0) }) {
        bytes = known
        return
      }
      munmap(known.baseAddress, size)
    }
    // The length makes it valid, so it comes last; what was there before goes first.
    guard ftruncate(descriptor, 0) == 0, ftruncate(descriptor, off_t(size)) == 0 else {
      throw FeatureStore.failure(path)
    }
    bytes = try FeatureStore.map(descriptor, size, path)
    header.withUnsafeBytes { bytes.copyMemory(from: $0) }
  }

  deinit { munmap(bytes.baseAddress, bytes.count) }

  /// Whether a row is there.
  public subscript(row: Int) -> Status {
    Status(rawValue: bytes[FeatureStore.headerByteCount + row]) ?? .missing
  }

  /// Notes that a row can't be had.
  public func setBroken(_ row: Int) {
    bytes[FeatureStore.headerByteCount + row] = Status.broken.rawValue
  }

  /// Writes a row, and then that it is there.
  /// - Precondition: there are `width` numbers.
  public func set(_ row: Int, _ numbers: UnsafeBufferPointer<Float>) {
    precondition(numbers.count == width)
    let target = UnsafeMutableRawBufferPointer(
      rebasing: bytes[(rowStart + row * width * 4)..<(rowStart + (row + 1) * width * 4)])
    target.copyMemory(from: UnsafeRawBufferPointer(numbers))
    bytes[FeatureStore.headerByteCount + row] = Status.done.rawValue
  }

  /// Rows one after the other, `[rows, width]`.
  public func rows(_ rows: [Int]) -> [Float] {
    [Float](unsafeUninitializedCapacity: rows.count * width) { target, count in
      for (k, row) in rows.enumerated() {
        let start = rowStart + row * width * 4
        UnsafeMutableRawBufferPointer(
          UnsafeMutableBufferPointer(rebasing: target[(k * width)..<((k + 1) * width)])
        ).copyMemory(
          from: UnsafeRawBufferPointer(rebasing: bytes[start..<(start + width * 4)]))
      }
      count = rows.count * width
    }
  }

  private static func map(_ descriptor: Int32, _ size: Int, _ path: String) throws(FineTuneError)
    -> UnsafeMutableRawBufferPointer
  {
    let flags = descriptor < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED
    guard let base = mmap(nil, size, PROT_READ | PROT_WRITE, flags, descriptor, 0),
      base != MAP_FAILED
    else { throw failure(path) }
    return UnsafeMutableRawBufferPointer(start: base, count: size)
  }

  private static func failure(_ path: String) -> FineTuneError {
    FineTuneError(
      .cannotWrite(message: String(cString: strerror(errno)).lowercased()), at: .file(path))
  }
}
