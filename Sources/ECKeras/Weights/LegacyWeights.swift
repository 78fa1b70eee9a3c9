import ECDiagnostics
import ECGraph
import ECHDF5
import ECTensor

/// The weights of a legacy file: groups that list their data sets.
struct LegacyWeights: ~Copyable {
  private let file: HDF5File
  /// The group of the groups.
  private let root: String
  private let storage: TensorStorage
  /// The names of the groups in order.
  let groupNames: [String]
  /// The number of weights of 16 bits.
  private var halves = 0
  /// The number of weights of 64 bits.
  private var doubles = 0

  /// - Throws: `KerasError` if the file can't be mapped.
  init(file: consuming HDF5File, root: String) throws(KerasError) {
    let (storage, names) = try LegacyWeights.contents(of: file, root: root)
    self.storage = storage
    groupNames = names
    self.root = root
    self.file = file
  }

  private static func contents(of file: borrowing HDF5File, root: String) throws(KerasError)
    -> (TensorStorage, [String])
  {
    let storage: TensorStorage
    do {
      storage = try MappedFile(path: file.path).storage()
    } catch {
      throw KerasError(
        HDF5Error(
          .library(operation: "opening", message: error.message), at: Place.file(file.path)))
    }
    do {
      return (storage, try file.stringListAttribute(root, "layer_names") ?? [])
    } catch {
      throw KerasError(error)
    }
  }

  /// The names of the weights of a group in order; `nil` if there is no such group.
  func names(in group: String) throws(KerasError) -> [WeightName]? {
    do {
      let names = try file.stringListAttribute(path(group), "weight_names")
      return (names ?? []).map { WeightName($0) }
    } catch {
      if error.reason == .noSuchObject { return nil }
      throw KerasError(error)
    }
  }

  /// What the file says of a data set.
  func description(_ weight: WeightName, in group: String) throws(KerasError) -> DatasetDescription
  {
    do {
      return try file.dataset("\(path(group))/\(weight.text)")
    } catch {
      if error.reason == .noSuchObject {
        throw KerasError(.missingDataset(weight.text), at: .layer(group))
      }
      throw KerasError(error)
    }
  }

  /// The elements: a view of the mapped file where they lie there as float32, else read now.
  mutating func tensor(_ weight: WeightName, _ dataset: DatasetDescription, in group: String)
    throws(KerasError) -> Tensor
  {
    if let offset = dataset.contiguousOffset, let start = Int(exactly: offset),
      dataset.byteCount <= storage.byteCount, start <= storage.byteCount - dataset.byteCount
    {
      return Tensor(
        elementType: .float32, shape: dataset.shape, storage: storage, byteOffset: start)
    }
    let path = "\(path(group))/\(weight.text)"
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

  /// Remarks on what was read.
  var notes: [String] {
    [(halves, "16"), (doubles, "64")].filter { $0.0 > 0 }.map { count, bits in
      let subject = count == 1 ? "1 weight is" : "\(count) weights are"
      return "\(subject) stored with \(bits) bits and used as float32"
    }
  }

  private func path(_ group: String) -> String { root.isEmpty ? group : "\(root)/\(group)" }
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
