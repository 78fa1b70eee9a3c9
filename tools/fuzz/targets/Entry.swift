import ECDiagnostics
import ECHDF5
import Glibc

/// Which reader is fed: `ECCONVERT_FUZZ_TARGET`.
private let reader: Reader = {
  let word = getenv("ECCONVERT_FUZZ_TARGET").map { String(cString: $0) } ?? ""
  guard let reader = Reader(rawValue: word) else {
    let words = Reader.allCases.map(\.rawValue).joined(separator: ", ")
    fatalError("ECCONVERT_FUZZ_TARGET is '\(word)', not one of \(words)")
  }
  // HDF5 is read here, where libFuzzer sees which code it reaches, or as the program does it.
  if let executable = getenv("ECCONVERT_FUZZ_READER") {
    HDF5Isolation.current = .process(executable: String(cString: executable))
  }
  return reader
}()

/// What libFuzzer calls with each input.
///
/// Errors with words for people are what a broken input must end in; anything else is a finding.
@_cdecl("LLVMFuzzerTestOneInput")
public func readOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  do {
    try reader.read(UnsafeRawBufferPointer(start: start, count: count))
  } catch let error as any DiagnosticError {
    precondition(error.category != .internal, "\(error.what)")
  } catch {
    // Errors below the program's own stages, which those word.
  }
  return 0
}
