extension MatFileError {
  public var what: String {
    switch reason {
    case .missing: "no such file or directory"
    case .notReadable: "not a MATLAB file, or a broken one"
    case .tooLarge: "it has more than \(MatFile.largestByteCount) bytes, as no table of images has"
    case .newerVersion: "it is a MATLAB file of version 7.3"
    case .noVariable(let name): "there is no variable '\(name)'"
    case .notNumbers(let name): "variable '\(name)' isn't an array of real numbers"
    }
  }

  public var remedy: String? {
    if case .newerVersion = reason { return "save it with -v7, or by scipy.io.savemat" }
    return nil
  }
}
