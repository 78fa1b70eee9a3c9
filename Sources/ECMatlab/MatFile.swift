import ECDiagnostics
import Glibc

/// A MATLAB file of version 4, 5, 6 or 7, in memory. Source: MathWorks, *MAT-File Format*.
///
/// Only what is asked for is unpacked, and no size is believed that the file doesn't have.
public struct MatFile: Sendable {
  /// More bytes than tables of images take, whether packed or not.
  static let largestByteCount = 64 << 20

  private let bytes: [UInt8]
  private let place: Place

  /// Reads a file.
  /// - Throws: `MatFileError` if it isn't there or no such file.
  public init(path: String) throws(MatFileError) {
    place = .file(path)
    let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw MatFileError(.missing, at: place) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw MatFileError(.notReadable, at: place)
    }
    guard status.st_size <= MatFile.largestByteCount else {
      throw MatFileError(.tooLarge, at: place)
    }
    bytes = [UInt8](unsafeUninitializedCapacity: Int(status.st_size)) { buffer, initialized in
      while initialized < buffer.count, let base = buffer.baseAddress {
        let count = read(descriptor, base + initialized, buffer.count - initialized)
        if count < 0 && errno == EINTR { continue }
        if count <= 0 { break }
        initialized += count
      }
    }
    do throws(MatFileError.Reason) {
      if try version5() == nil { try Version4.check(bytes) }
    } catch {
      throw MatFileError(error, at: place)
    }
  }

  /// The elements of a numeric variable, in the order of the file (columns first).
  /// - Throws: `MatFileError` if it isn't there, or isn't an array of real numbers.
  public func numbers(_ name: String) throws(MatFileError) -> [Double] {
    do throws(MatFileError.Reason) {
      let found: [Double]?
      if let variables = try version5() {
        found = try variables.numbers(name)
      } else {
        found = try Version4(bytes).numbers(name)
      }
      guard let found else { throw .noVariable(name) }
      return found
    } catch {
      throw MatFileError(error, at: place)
    }
  }

  /// The variables behind a header of version 5, whose byte order its last two letters tell.
  private func version5() throws(MatFileError.Reason) -> Version5? {
    guard bytes.count >= 128, !bytes[..<4].contains(0) else { return nil }
    let isBig: Bool
    switch bytes[126..<128] {
    case [0x49, 0x4D]: isBig = false
    case [0x4D, 0x49]: isBig = true
    default: return nil
    }
    let version = isBig ? bytes[124] : bytes[125]
    guard version != 2 else { throw .newerVersion }
    return version == 1 ? Version5(MatBytes(bytes[128...], isBig: isBig)) : nil
  }
}
