import ECTensor
import Glibc

extension MappedFile {
  /// Maps a file that the user named.
  /// - Throws: `ConversionFault.cannotRead` with the system's words, telling a missing file apart.
  static func opened(_ path: String) throws(ConversionFault) -> MappedFile {
    do throws(MappedFileError) {
      return try MappedFile(path: path)
    } catch {
      let hint = path.contains("://") ? "; nothing is fetched from the network" : ""
      throw ConversionFault(
        .cannotRead(message: error.message + hint, isMissing: error.code == ENOENT),
        at: .file(path))
    }
  }
}
