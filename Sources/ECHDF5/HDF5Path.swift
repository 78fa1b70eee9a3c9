import ECDiagnostics

/// A checked path inside a file: slash-separated, from the root; the root itself is empty.
struct HDF5Path {
  /// The text as libhdf5 takes it; `.` for the root.
  let text: String
  /// Every leading part of the path, shortest first: `a`, `a/b`, `a/b/c`.
  let prefixes: [String]

  /// Refuses a leading slash, the components `.` and `..`, and NUL bytes.
  init(_ path: String, in file: Place) throws(HDF5Error) {
    let components = path.split(separator: "/")
    guard !path.hasPrefix("/"), !path.utf8.contains(0),
      !components.contains(where: { $0 == "." || $0 == ".." })
    else { throw HDF5Error(.refusedName, at: file.appending(Place(["path '\(path)'"]))) }
    var prefixes: [String] = []
    for component in components {
      prefixes.append((prefixes.last.map { $0 + "/" } ?? "") + component)
    }
    self.prefixes = prefixes
    self.text = prefixes.last ?? "."
  }
}
