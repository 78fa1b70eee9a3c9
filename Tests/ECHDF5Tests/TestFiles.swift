import ECHDF5
import Glibc

/// The path of a file under `fixtures/hdf5`, found from this source file.
func fixture(_ name: String, source: String = #filePath) -> String {
  let root = source.split(separator: "/").dropLast(3).joined(separator: "/")
  return "/\(root)/fixtures/hdf5/\(name).h5"
}

/// Runs a test on a fresh path, and removes the file there afterwards.
func withTemporaryFile<Result>(_ body: (String) throws -> Result) throws -> Result {
  var template = Array("/tmp/echdf5-XXXXXX".utf8CString)
  let descriptor = mkstemp(&template)
  if descriptor >= 0 { close(descriptor) }
  let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  defer { unlink(path) }
  return try body(path)
}

/// The whole of a small file.
func bytes(of path: String) -> [UInt8] {
  guard let file = fopen(path, "rb") else { return [] }
  defer { fclose(file) }
  var all: [UInt8] = []
  var piece = [UInt8](repeating: 0, count: 65_536)
  while case let count = fread(&piece, 1, piece.count, file), count > 0 {
    all.append(contentsOf: piece[..<count])
  }
  return all
}

/// The reason of the error that a call throws; nil when it succeeds.
func reason(_ body: () throws(HDF5Error) -> Void) -> HDF5Error.Reason? {
  do throws(HDF5Error) {
    try body()
    return nil
  } catch { return error.reason }
}

/// The numbers 0, 1, 2 and so on, times a scale, as the fixtures hold them.
func ramp(_ count: Int, scale: Float = 1) -> [Float] { (0..<count).map { Float($0) * scale } }

/// Replaces a file by these bytes.
func write(_ bytes: [UInt8], to path: String) {
  guard let file = fopen(path, "wb") else { return }
  defer { fclose(file) }
  fwrite(bytes, 1, bytes.count, file)
}
