import CXXHash
import Glibc

/// A 128-bit XXH3 digest: tells whether contents changed, at the speed of memory. It guards against
/// accidents, not against forgery.
public struct ContentHash: Hashable, Sendable, CustomStringConvertible {
  /// The upper half of the digest.
  public let high: UInt64
  /// The lower half of the digest.
  public let low: UInt64

  /// The digest as text, such as `xxh3-128:` and 32 hexadecimal digits, as `xxhsum -H2` prints them.
  public var description: String {
    "xxh3-128:" + Self.hexadecimal(high) + Self.hexadecimal(low)
  }

  /// The digest of a text's UTF-8 bytes.
  public init(of text: String) {
    var text = text
    self = text.withUTF8 { bytes in
      let digest = XXH3_128bits(bytes.baseAddress, bytes.count)
      return ContentHash(digest)
    }
  }

  /// The digest of a file's bytes, read in pieces of a megabyte.
  /// - Returns: `nil` if the file can't be read; `errno` says why.
  public init?(contentsOf path: String) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    guard let state = XXH3_createState() else { return nil }
    defer { XXH3_freeState(state) }
    XXH3_128bits_reset(state)
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 64)
    defer { buffer.deallocate() }
    while true {
      let count = read(descriptor, buffer.baseAddress, buffer.count)
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { return nil }
      if count == 0 { break }
      XXH3_128bits_update(state, buffer.baseAddress, count)
    }
    self.init(XXH3_128bits_digest(state))
  }

  /// A 64-bit XXH3 digest of bytes that goes on from an earlier one.
  public static func chained(_ bytes: UnsafeRawBufferPointer, after seed: UInt64) -> UInt64 {
    XXH3_64bits_withSeed(bytes.baseAddress, bytes.count, seed)
  }

  private init(_ digest: XXH128_hash_t) {
    high = digest.high64
    low = digest.low64
  }

  private static func hexadecimal(_ word: UInt64) -> String {
    let digits = String(word, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
