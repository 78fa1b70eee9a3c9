public import ECDiagnostics
import Glibc

/// An HDF5 file open for reading; closed when the value goes out of scope.
///
/// Paths inside the file are slash-separated from the root, without a leading slash; the root is
/// `""`. Soft links are followed; links and storage that lead into other files are refused. libhdf5
/// reads in another process where `HDF5Isolation` says so.
public struct HDF5File: ~Copyable, Sendable {
  /// What a path leads to.
  public enum ObjectKind: String, Sendable {
    /// Holds other objects by name.
    case group
    /// Holds numbers.
    case dataset
    /// A named type, which models do not use.
    case other
  }

  private let reading: any HDF5Reading

  /// Opens a file for reading; throws when it is missing, cut short or not HDF5.
  public init(path: String) throws(HDF5Error) {
    let place = Place.file(path)
    let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw HDF5Error(.noSuchFile, at: place) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw HDF5Error(.notHDF5, at: place)
    }
    try self.init(descriptor: descriptor, range: 0..<Int(status.st_size), at: place)
  }

  /// Opens a file that lies in the bytes `range` of an open file, such as an entry of an archive.
  ///
  /// The descriptor may be closed afterwards.
  /// - Parameter place: what errors say of where the file is.
  public init(descriptor: Int32, range: Range<Int>, at place: Place) throws(HDF5Error) {
    guard HDF5File.hasSignature(descriptor, range) else { throw HDF5Error(.notHDF5, at: place) }
    switch HDF5Isolation.current {
    case .none:
      let image = try FileImage(descriptor: descriptor, range: range, at: place)
      reading = try LocalFile(image, at: place)
    case .process(let executable):
      reading = try RemoteFile(executable, descriptor: descriptor, range: range, at: place)
    }
  }

  /// Whether a file starts as HDF5 does, at offset 0 or at 512, 1024, 2048 and so on.
  public static func hasSignature(path: String) -> Bool {
    let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { return false }
    return hasSignature(descriptor, 0..<Int(status.st_size))
  }

  private static func hasSignature(_ descriptor: Int32, _ range: Range<Int>) -> Bool {
    let signature: [UInt8] = [0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A]
    var offset = 0
    while offset <= range.count - signature.count {
      var found = [UInt8](repeating: 0, count: signature.count)
      let taken = pread(descriptor, &found, found.count, range.lowerBound + offset)
      if taken == found.count, found == signature { return true }
      offset = offset == 0 ? 512 : offset * 2
    }
    return false
  }

  /// The size of the file in bytes when it was opened.
  public var byteCount: UInt64 { reading.byteCount }

  // MARK: Objects

  /// Whether a path leads to an object; false for a dangling soft link.
  public func exists(_ path: String) throws(HDF5Error) -> Bool {
    try reading.answer(HDF5Request(question: .exists, path: path)) == .flag(true)
  }

  /// What a path leads to.
  public func kind(of path: String) throws(HDF5Error) -> ObjectKind {
    guard case .kind(let kind) = try reading.answer(HDF5Request(question: .kind, path: path))
    else { return .other }
    return kind
  }

  /// The names inside a group, in alphabetical order; they carry no meaning beyond the names.
  public func members(of path: String) throws(HDF5Error) -> [String] {
    guard case .texts(let names) = try reading.answer(HDF5Request(question: .members, path: path))
    else { return [] }
    return names ?? []
  }

  // MARK: Attributes

  /// Whether a group or dataset has an attribute of exactly this name.
  public func attributeExists(_ path: String, _ name: String) throws(HDF5Error) -> Bool {
    let request = HDF5Request(question: .attributeExists, path: path, attribute: name)
    return try reading.answer(request) == .flag(true)
  }

  /// A text attribute of one value, decoded as UTF-8; nil where there is none, `""` for a null one.
  public func stringAttribute(_ path: String, _ name: String) throws(HDF5Error) -> String? {
    let request = HDF5Request(question: .text, path: path, attribute: name)
    guard case .text(let text) = try reading.answer(request) else { return nil }
    return text
  }

  /// A list of texts, also one that Keras split into `name0`, `name1` and so on.
  ///
  /// Nil where there is none. An attribute without elements is an empty list, whatever its type:
  /// Keras writes `float64 (0,)`.
  public func stringListAttribute(
    _ path: String, _ name: String
  ) throws(HDF5Error) -> [String]? {
    let request = HDF5Request(question: .texts, path: path, attribute: name)
    guard case .texts(let list) = try reading.answer(request) else { return nil }
    return list
  }

  // MARK: Datasets

  /// Describes a dataset without reading its numbers.
  ///
  /// Throws where its storage leads into other files, or its size can't be true for this file.
  public func dataset(_ path: String) throws(HDF5Error) -> DatasetDescription {
    try description(.dataset, path)
  }

  /// The numbers of a dataset as float32, in row-major order, converted from whatever is stored.
  public func readFloats(_ path: String) throws(HDF5Error) -> [Float] {
    try read(path, as: .float)
  }

  /// The numbers of a dataset as float64, in row-major order, converted from whatever is stored.
  public func readDoubles(_ path: String) throws(HDF5Error) -> [Double] {
    try read(path, as: .double)
  }

  /// The numbers of a dataset as 64-bit integers, in row-major order; fractions are cut off.
  public func readIntegers(_ path: String) throws(HDF5Error) -> [Int64] {
    try read(path, as: .int64)
  }

  /// Fills a buffer of exactly the dataset's number of elements with its numbers as float32.
  public func readFloats(
    _ path: String, into buffer: UnsafeMutableBufferPointer<Float>
  ) throws(HDF5Error) {
    try reading.fill(UnsafeMutableRawBufferPointer(buffer), from: path, as: .float)
  }

  private func description(
    _ question: HDF5Request.Question, _ path: String
  ) throws(HDF5Error) -> DatasetDescription {
    guard
      case .dataset(let found) = try reading.answer(HDF5Request(question: question, path: path))
    else { preconditionFailure("an answer to another question") }
    return found
  }

  private func read<Number: Sendable>(
    _ path: String, as numbers: NumberType
  ) throws(HDF5Error) -> [Number] {
    let count = try description(.numbers, path).elementCount
    var failure: HDF5Error?
    let values = [Number](unsafeUninitializedCapacity: count) { buffer, initialized in
      do throws(HDF5Error) {
        try reading.fill(
          UnsafeMutableRawBufferPointer(
            rebasing: UnsafeMutableRawBufferPointer(buffer)[
              ..<(count * numbers.byteCount)]), from: path, as: numbers)
        initialized = count
      } catch { failure = error }
    }
    if let failure { throw failure }
    return values
  }
}
