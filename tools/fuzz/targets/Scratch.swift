import ECGraph
import ECKeras
import ECOperators
import ECPruning
import Glibc

/// The files that readers are led to.
enum Scratch {
  /// The project's whole files: `ECCONVERT_FUZZ_FIXTURES`.
  static let fixtures = getenv("ECCONVERT_FUZZ_FIXTURES").map { String(cString: $0) } ?? "fixtures"

  /// A folder of this process in memory; it goes when the process ends as it should.
  static let folder: String = {
    let path = "/dev/shm/ecconvert-fuzz-\(getpid())"
    mkdir(path, 0o700)
    atexit { Scratch.remove() }
    return path
  }()

  /// The channel groups of a small network, which plans are for.
  static let channels: ChannelGroups = {
    let path = fixtures + "/cli/cnn.h5"
    guard let model = try? KerasImporter(table: .standard).model(contentsOf: path) else {
      fatalError("\(path) can't be read")
    }
    return ChannelGroups(model.graph)
  }()

  private static let names = [
    "model", "architecture.json", "x.npy", "x.npz", "table.csv", "jpg", "setid.mat",
    "imagelabels.mat",
  ]

  /// Writes a file and gives its path.
  static func file(_ name: String, _ bytes: UnsafeRawBufferPointer) -> String {
    let path = folder + "/" + name
    // Mapped files of an earlier input may still be open: a new file, not the old one shortened.
    unlink(path)
    guard let file = fopen(path, "wb") else { fatalError("\(path) can't be written") }
    if let start = bytes.baseAddress { fwrite(start, 1, bytes.count, file) }
    fclose(file)
    return path
  }

  private static func remove() {
    for name in names { unlink(folder + "/" + name) }
    rmdir(folder)
  }
}
