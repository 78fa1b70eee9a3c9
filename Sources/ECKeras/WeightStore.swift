import ECDiagnostics
import ECGraph
import ECHDF5
import ECTensor

/// One data set that a layer's `weight_names` lists.
struct StoredWeight {
  /// The path in the file.
  let path: String
  /// The name as listed, relative to the layer's group.
  let name: String

  /// The last component without `:0` and a count: `gamma` for `bn_3/gamma_1:0`.
  var leaf: String { StoredWeight.stripped(parts.last ?? name) }

  /// The components of the name.
  var parts: [String] { name.split(separator: "/").map(String.init) }

  static func stripped(_ part: String) -> String {
    var part = Substring(part)
    if let colon = part.lastIndex(of: ":") { part = part[..<colon] }
    return String(part)
  }

  /// Whether the leaf is this name, perhaps with a count behind it or the layer before it.
  func isNamed(_ names: [String]) -> Bool {
    let leaf = leaf
    return names.contains { name in
      if leaf == name || leaf.hasSuffix("_" + name) { return true }
      guard leaf.hasPrefix(name + "_") else { return false }
      return leaf.dropFirst(name.count + 1).allSatisfy(\.isNumber)
    }
  }
}

/// The weights of a legacy file: what is listed for each layer, and their elements.
struct WeightStore: ~Copyable {
  let file: HDF5File
  /// The group that holds the layers; empty for the root.
  let root: String
  private let storage: TensorStorage?
  /// How many weights were stored as another type than float32, by that type's name.
  private(set) var convertedCounts: [String: Int] = [:]

  init(file: consuming HDF5File, root: String, path: String) {
    self.file = file
    self.root = root
    storage = (try? MappedFile(path: path))?.storage()
  }

  /// What the file lists for a layer (or a whole nested model) at the top level.
  func listed(_ layer: String) throws(KerasError) -> [StoredWeight] {
    let group = root.isEmpty ? layer : "\(root)/\(layer)"
    do throws(HDF5Error) {
      guard try file.exists(group) else { return [] }
      let names = try file.stringListAttribute(group, "weight_names") ?? []
      return names.map { StoredWeight(path: "\(group)/\($0)", name: $0) }
    } catch {
      throw KerasError(.unreadable(error.what), at: error.place)
    }
  }

  /// The elements of a weight: a view of the mapped file where they lie there as float32.
  mutating func tensor(_ weight: StoredWeight, at place: Place) throws(KerasError) -> Tensor {
    do throws(HDF5Error) {
      if try !file.exists(weight.path) {
        throw HDF5Error(.noSuchObject, at: place)
      }
      let dataset = try file.dataset(weight.path)
      if dataset.elementKind == .float32, let offset = dataset.contiguousOffset, let storage,
        Int(clamping: offset) + dataset.byteCount <= storage.byteCount
      {
        return Tensor(
          elementType: .float32, shape: dataset.shape, storage: storage, byteOffset: Int(offset))
      }
      if dataset.elementKind != .float32 && !dataset.shape.isEmpty {
        convertedCounts["\(dataset.elementKind)", default: 0] += 1
      }
      return Tensor(try file.readFloats(weight.path), shape: dataset.shape)
    } catch {
      if error.reason == .noSuchObject {
        throw KerasError(.incomplete(dataset: weight.path), at: place)
      }
      throw KerasError(.unreadable(error.what), at: error.place)
    }
  }
}
