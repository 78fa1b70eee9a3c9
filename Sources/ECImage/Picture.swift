import CImage
import ECDiagnostics
import Glibc

/// A decoded image of 8-bit samples.
public struct Picture: Sendable, Equatable {
  /// The number of columns.
  public let width: Int
  /// The number of rows.
  public let height: Int
  /// 1 (luminance) or 3 (red, green, blue).
  public let channels: Int
  /// `[height, width, channels]`, rows from the top.
  public let pixels: [UInt8]

  /// Joins pixels with their extents.
  /// - Precondition: there are `height · width · channels` of them.
  public init(width: Int, height: Int, channels: Int, pixels: [UInt8]) {
    precondition(pixels.count == width * height * channels)
    (self.width, self.height, self.channels) = (width, height, channels)
    self.pixels = pixels
  }

  /// Decodes a JPEG or PNG file into 1 or 3 channels, as TensorFlow's `decode_image` does.
  ///
  /// Alpha is dropped, of 16 bits the upper half stays, CMYK is multiplied out, and marks that ask
  /// for a rotation are ignored. A file that is cut short is an error.
  /// - Throws: `ImageError` with the file as its place.
  public init(contentsOf path: String, channels: Int) throws(ImageError) {
    let bytes = try Picture.bytes(of: path)
    do throws(ImageError) {
      try self.init(decoding: bytes, channels: channels)
    } catch {
      throw ImageError(error.reason, at: .file(path))
    }
  }

  /// Decodes the bytes of a JPEG or PNG file; see `init(contentsOf:channels:)`.
  public init(decoding bytes: [UInt8], channels: Int) throws(ImageError) {
    precondition(channels == 1 || channels == 3)
    let isJPEG = bytes.starts(with: [0xFF, 0xD8, 0xFF])
    guard isJPEG || bytes.starts(with: [0x89, 0x50, 0x4E, 0x47]) else {
      throw ImageError(.unknownFormat)
    }
    let decode = isJPEG ? ecimage_decode_jpeg : ecimage_decode_png
    var picture = ecimage_picture()
    var message = [CChar](repeating: 0, count: ECIMAGE_MESSAGE_SIZE)
    guard decode(bytes, bytes.count, Int32(channels), &picture, &message) != 0 else {
      let words = message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
      throw ImageError(.broken(String(decoding: words, as: UTF8.self)))
    }
    defer { ecimage_free(&picture) }
    let (width, height) = (Int(picture.width), Int(picture.height))
    self.init(
      width: width, height: height, channels: channels,
      pixels: Array(
        UnsafeBufferPointer(start: picture.pixels, count: width * height * channels)))
  }

  private static func bytes(of path: String) throws(ImageError) -> [UInt8] {
    let failure = { (code: Int32) in
      ImageError(
        .cannotRead(message: String(cString: strerror(code)), isMissing: code == ENOENT),
        at: .file(path))
    }
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure(errno) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw failure(errno) }
    let size = Int(status.st_size)
    var filled = 0
    var code: Int32 = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      while filled < size {
        let got = read(descriptor, buffer.baseAddress.map { $0 + filled }, size - filled)
        if got < 0 && errno == EINTR { continue }
        if got < 0 { code = errno }
        if got <= 0 { break }
        filled += got
      }
      count = filled
    }
    guard code == 0 else { throw failure(code) }
    return bytes
  }
}
