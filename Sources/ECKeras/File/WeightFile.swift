import ECArchive
import ECDiagnostics
import ECGraph
import ECHDF5
import ECTensor
import Glibc

/// The HDF5 part of a Keras file, with its data sets as tensors.
struct WeightFile: ~Copyable {
  /// The objects and attributes.
  let file: HDF5File
  /// What the bytes of `file` lie in.
  private let storage: TensorStorage
  /// The byte of `storage` where `file` begins.
  private let start: Int
  /// The number of weights of 16 bits that were read.
  private var halves = 0
  /// The number of weights of 64 bits that were read.
  private var doubles = 0

  /// Opens and maps an HDF5 file.
  init(path: String) throws(KerasError) {
    let map = try WeightFile.mapped(path)
    do {
      try self.init(map, range: 0..<map.byteCount, at: .file(path))
    } catch {
      if case .hdf5(let error) = error.reason, error.reason == .notHDF5,
        let kind = SourceKind.identify(path)
      {
        throw KerasError(.otherFile(kind))
      }
      throw error
    }
  }

  /// Opens an HDF5 file in an archive: in place where it is stored, unpacked where it is deflated.
  init(entry: Archive.Entry, of archive: borrowing Archive, path: String) throws(KerasError) {
    let place = Place.file(path).appending(Place(["entry '\(entry.name)'"]))
    let range: Range<Int>?
    do {
      range = try archive.storedRange(of: entry)
    } catch {
      throw KerasError(error)
    }
    if let range {
      try self.init(try WeightFile.mapped(path), range: range, at: place)
    } else {
      let map = try WeightFile.unpacked(entry, of: archive, path: path)
      try self.init(map, range: 0..<map.byteCount, at: place)
    }
  }

  private init(_ map: MappedFile, range: Range<Int>, at place: Place) throws(KerasError) {
    do {
      file = try HDF5File(descriptor: map.descriptor, range: range, at: place)
    } catch {
      throw KerasError(error)
    }
    storage = map.storage()
    start = range.lowerBound
  }

  private static func mapped(_ path: String) throws(KerasError) -> MappedFile {
    do {
      return try MappedFile(path: path)
    } catch {
      if let kind = SourceKind.identify(path), kind == .savedModel || kind == .folder {
        throw KerasError(.otherFile(kind))
      }
      throw KerasError(fault(error, path))
    }
  }

  private static func unpacked(
    _ entry: Archive.Entry, of archive: borrowing Archive, path: String
  ) throws(KerasError) -> MappedFile {
    let descriptor: Int32
    do {
      descriptor = try archive.unpacked(entry)
    } catch {
      throw KerasError(error)
    }
    do {
      return try MappedFile(descriptor: descriptor, path: path)
    } catch {
      throw KerasError(fault(error, path))
    }
  }

  private static func fault(_ error: MappedFileError, _ path: String) -> HDF5Error {
    let isMissing = error.code == ENOENT
    return HDF5Error(
      isMissing ? .noSuchFile : .library(operation: "opening", message: error.message),
      at: .file(path))
  }

  /// What the file says of a data set.
  /// - Throws: `KerasError.missingDataset` if it isn't there.
  func description(_ path: String) throws(KerasError) -> DatasetDescription {
    do {
      return try file.dataset(path)
    } catch {
      if error.reason == .noSuchObject { throw KerasError(.missingDataset(path)) }
      throw KerasError(error)
    }
  }

  /// The elements: a view of the mapped file where they lie there as float32, else read now.
  mutating func tensor(_ path: String, _ dataset: DatasetDescription) throws(KerasError) -> Tensor {
    if let offset = dataset.contiguousOffset.flatMap({ Int(exactly: $0) }),
      dataset.byteCount <= storage.byteCount,
      offset <= storage.byteCount - dataset.byteCount - start
    {
      return Tensor(
        elementType: .float32, shape: dataset.shape, storage: storage, byteOffset: start + offset)
    }
    do {
      switch dataset.elementKind {
      case .int, .uint:
        return Tensor(try file.readIntegers(path).map { Int($0) }, shape: dataset.shape)
      case .float64: doubles += 1
      case .float16, .bfloat16: halves += 1
      case .float32, .other: break
      }
      return Tensor(try file.readFloats(path), shape: dataset.shape)
    } catch {
      throw KerasError(error)
    }
  }

  /// The texts of a list attribute; `nil` if the object isn't there, empty if it has no attribute.
  func names(_ attribute: String, of path: String) throws(KerasError) -> [String]? {
    do {
      return try file.stringListAttribute(path, attribute) ?? []
    } catch {
      if error.reason == .noSuchObject { return nil }
      throw KerasError(error)
    }
  }

  /// The text of an attribute, if it and the object are there.
  func text(_ attribute: String, of path: String) throws(KerasError) -> String? {
    do {
      return try file.stringAttribute(path, attribute)
    } catch {
      if error.reason == .noSuchObject { return nil }
      throw KerasError(error)
    }
  }

  /// The names inside a group; none if it isn't there or is no group.
  func members(of path: String) throws(KerasError) -> [String] {
    do {
      guard try file.exists(path), try file.kind(of: path) == .group else { return [] }
      return try file.members(of: path)
    } catch {
      throw KerasError(error)
    }
  }

  /// Remarks on what was read.
  var notes: [String] {
    [(halves, "16"), (doubles, "64")].filter { $0.0 > 0 }.map { count, bits in
      let subject = count == 1 ? "1 weight is" : "\(count) weights are"
      return "\(subject) stored with \(bits) bits and used as float32"
    }
  }
}

extension ElementKind {
  /// The same type in terms of tensors; `nil` for what is no number.
  var elementType: ElementType? {
    switch self {
    case .float16: .float16
    case .bfloat16: .bfloat16
    case .float32: .float32
    case .float64: .float64
    case .int(8): .int8
    case .int(16): .int16
    case .int(32): .int32
    case .int(64): .int64
    case .uint(8): .uint8
    case .uint(16): .uint16
    case .uint(32): .uint32
    case .uint(64): .uint64
    case .int, .uint, .other: nil
    }
  }
}
