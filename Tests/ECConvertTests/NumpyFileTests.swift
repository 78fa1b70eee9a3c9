import ECConvert
import ECDiagnostics
import ECTensor
import ECTestSupport
import Testing

/// Little-endian bytes of a number.
private func little(_ number: Int, _ count: Int) -> [UInt8] {
  (0..<count).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
}

/// The bytes of an array file.
private func array(_ header: String, _ elements: [UInt8], version: UInt8 = 1) -> [UInt8] {
  let text = Array(header.utf8) + [0x0A]
  return [0x93] + Array("NUMPY".utf8) + [version, 0] + little(text.count, version == 1 ? 2 : 4)
    + text + elements
}

private func header(_ type: String, _ shape: String, fortran: Bool = false) -> String {
  "{'descr': '\(type)', 'fortran_order': \(fortran ? "True" : "False"), 'shape': \(shape), }"
}

/// A member of an archive as numpy writes it: sizes in a zip64 field.
private func member(_ name: String, _ content: [UInt8], method: Int = 0, zip64: Bool = true)
  -> [UInt8]
{
  let size = zip64 ? 0xFFFF_FFFF : content.count
  let extra =
    zip64 ? little(1, 2) + little(16, 2) + little(content.count, 8) + little(content.count, 8) : []
  return [0x50, 0x4B, 3, 4] + little(45, 2) + little(0, 2) + little(method, 2) + little(0, 8)
    + little(size, 4) + little(size, 4) + little(name.utf8.count, 2) + little(extra.count, 2)
    + Array(name.utf8) + extra + content
}

private func floats(_ numbers: [Float]) -> [UInt8] {
  numbers.flatMap { little(Int($0.bitPattern), 4) }
}

@Suite struct NumpyFileTests {
  private let folder = Folder()

  private func reason(_ bytes: [UInt8]) -> ConversionFault.Reason? {
    let path = folder.write(bytes, "bad.npy")
    return #expect(throws: ConversionFault.self) { try NumpyFile.read(path) }?.reason
  }

  @Test func `arrays of numbers are read as they stand`() throws {
    let six = array(header("<f4", "(2, 3)"), floats([1, 2, 3, 4, 5, 6]))
    let x = try NumpyFile.read(folder.write(six, "x.npy"))
    #expect(x.shape == [2, 3])
    #expect(x.floats() == [1, 2, 3, 4, 5, 6])
    let bytes = array(header("|u1", "(3,)"), [7, 0, 255], version: 2)
    #expect(try NumpyFile.read(folder.write(bytes, "b.npy")).floats() == [7, 0, 255])
    let long = array(header("<i8", "(1, 2)"), little(-5, 8) + little(9, 8))
    #expect(try NumpyFile.read(folder.write(long, "l.npy")).integers() == [-5, 9])
    let scalar = array(header("<f4", "()"), floats([2.5]))
    #expect(try NumpyFile.read(folder.write(scalar, "s.npy")).shape == [])
  }

  @Test(arguments: [true, false])
  func `of an archive the array x is read, or the first`(zip64: Bool) throws {
    let a = array(header("<f4", "(1,)"), floats([1]))
    let x = array(header("<f4", "(2,)"), floats([2, 3]))
    let both = member("a.npy", a, zip64: zip64) + member("x.npy", x, zip64: zip64)
    #expect(try NumpyFile.read(folder.write(both, "both.npz")).floats() == [2, 3])
    let one = member("a.npy", a, zip64: zip64)
    #expect(try NumpyFile.read(folder.write(one, "one.npz")).floats() == [1])
  }

  @Test func `a compressed archive is refused with what to do`() {
    let packed = member("x.npy", [1, 2, 3], method: 8, zip64: false)
    #expect(
      reason(packed)
        == .calibration("the archive is compressed; save it with numpy.savez, or as .npy"))
    #expect(reason([0x50, 0x4B, 3, 4]) == .calibration("the archive has no array"))
    // A size that reaches beyond the file.
    let cut = Array(member("x.npy", [UInt8](repeating: 0, count: 99)).dropLast(50))
    #expect(reason(cut) == .calibration("the archive has no array"))
  }

  @Test func `files that are no array are refused`() {
    #expect(reason(Array("hello, numpy world".utf8)) == .calibration("not a numpy array"))
    #expect(reason([]) == .calibration("not a numpy array"))
    let whole = array(header("<f4", "(1,)"), floats([1]))
    #expect(reason(Array(whole.prefix(30))) == .calibration("not a numpy array"))
  }

  @Test(arguments: ["<c8", "<U4", "|O", ">f4", "|b1"])
  func `other elements than plain numbers are refused`(type: String) {
    #expect(
      reason(array(header(type, "(1,)"), floats([1, 2])))
        == .calibration("only numbers in C order are read (float32, float64, uint8, …)"))
  }

  @Test func `arrays with columns first are refused`() {
    let words = ConversionFault.Reason.calibration(
      "only numbers in C order are read (float32, float64, uint8, …)")
    #expect(reason(array(header("<f4", "(1, 1)", fortran: true), floats([1]))) == words)
  }

  @Test func `records and extents that aren't numbers are refused`() {
    let record =
      "{'descr': [('a', '<f4'), ('b', '<f4')], 'fortran_order': False, 'shape': (1,), }"
    #expect(reason(array(record, floats([1, 2]))) != nil)
    #expect(reason(array(header("<f4", "(one, two)"), floats([1, 2]))) != nil)
  }

  @Test(arguments: ["(3,)", "(0,)", "(-1,)", "(4611686018427387904, 4)", "(2, 99999999999)"])
  func `extents that don't fit the file are refused`(shape: String) throws {
    guard case .calibration(let words) = reason(array(header("<f4", shape), floats([1, 2]))) else {
      Issue.record("no fault of the calibration data")
      return
    }
    #expect(words.contains("don't fit the file"))
  }

  @Test func `a missing file is told from an unreadable one`() {
    let error = #expect(throws: ConversionFault.self) { try NumpyFile.read("/nowhere/x.npy") }
    #expect(error?.category == .missingInput)
  }
}
