public import ECDiagnostics
import ECGraph
import ECHDF5

extension KerasError {
  public var what: String {
    switch reason {
    case .hdf5(let error): error.what
    case .notLegacyFile(let kind): kind.words
    case .weightsOnly(let count):
      "holds the weights of \(count) layers, but not the model they belong to"
    case .weightsOnlyVersion3:
      "holds weights in the layout of Keras 3, but not the model they belong to"
    case .unknownContent(let members):
      members.isEmpty
        ? "an HDF5 file without content"
        : "an HDF5 file, but not of Keras; it holds \(Self.names(members))"
    case .badJSON(let words, let offset):
      "the architecture isn't JSON: \(words) at byte \(offset)"
    case .badConfig(let words): words
    case .notModel(let name): "'\(name)' is a subclassed model, whose architecture is Python code"
    case .noSuchTensor(let layer, let call, let result):
      "refers to result \(result) of call \(call) of layer '\(layer)', which doesn't exist"
    case .cycle(let layers): "layers read each other in a circle: \(Self.names(layers))"
    case .inputCount(let expected, let found):
      "the model is called with \(found) tensors, expected \(expected)"
    case .unsupported(let layers):
      switch layers.reduce(0, { $0 + $1.layers.count }) {
      case 1: "1 layer can't be read"
      case let count: "\(count) layers can't be read"
      }
    case .missingGroup: "incomplete file: the weights of this layer are missing"
    case .missingDataset(let name): "incomplete file: '\(name)' is listed but missing"
    case .weightNames(let expected, let found):
      "the file has \(Self.count(found)), expected \(expected.count)"
        + (found.count == expected.count ? " of other names" : "")
    case .layer(let error): error.what
    case .notExpressible(let nodes):
      nodes.count == 1
        ? "1 operator can't be said in Keras" : "\(nodes.count) operators can't be said in Keras"
    case .unwritten(let error): error.what
    }
  }

  public var details: [String] {
    switch reason {
    case .unsupported(let layers):
      layers.map { entry in
        let names = Self.names(entry.layers, limit: 24)
        return switch entry.kind {
        case .layer: "\(entry.className): \(names)"
        case .custom: "\(entry.className) (a custom class): \(names)"
        case .lambda: "\(entry.className) (Python code): \(names)"
        case .operation: "operation \(entry.className): \(names)"
        case .quantized(let policy): "\(entry.className) with dtype '\(policy)': \(names)"
        }
      }
    case .weightNames(let expected, let found):
      ["expected: \(Self.names(expected, limit: 24))", "found: \(Self.names(found, limit: 24))"]
    case .notExpressible(let nodes): nodes
    default: []
    }
  }

  public var remedy: String? {
    switch reason {
    case .hdf5(let error): error.remedy
    case .notLegacyFile(let kind): kind.remedy
    case .weightsOnly, .weightsOnlyVersion3:
      "save the whole model with model.save(\"model.h5\")"
    case .notModel: "rebuild the model with the functional API and save it again"
    case .badJSON, .missingGroup, .missingDataset: "save the model again; this file is damaged"
    case .unsupported(let layers):
      if layers.contains(where: { $0.kind == .lambda }) {
        "Python code isn't run; build the model with Keras layers instead of Lambda "
          + "and save it again"
      } else if layers.contains(where: { $0.kind == .custom }) {
        "code of custom classes isn't known here; build the model with Keras layers "
          + "and save it again"
      } else if layers.contains(where: { if case .quantized = $0.kind { true } else { false } }) {
        "save the model before it is quantized"
      } else {
        "'ecconvert operators' lists what can be read"
      }
    case .layer(let error): error.remedy
    case .notExpressible: "write ONNX instead, which has them all"
    default: nil
    }
  }

  public var category: FaultCategory {
    switch reason {
    case .hdf5(let error): error.category
    // A name that HDF5 can't hold comes from the model, everything else from the disk.
    case .unwritten(let error): error.reason == .refusedName ? .input : .output
    default: .input
    }
  }

  private static func count(_ weights: [String]) -> String {
    "\(weights.count) \(weights.count == 1 ? "weight" : "weights")"
  }

  /// Quoted names, at most `limit` of them.
  static func names(_ names: [String], limit: Int = 6) -> String {
    if names.isEmpty { return "none" }
    let shown = names.prefix(limit).map { "'\($0)'" }.joined(separator: ", ")
    return names.count > limit ? "\(shown) and \(names.count - limit) more" : shown
  }
}

extension SourceKind {
  fileprivate var words: String {
    switch self {
    case .kerasArchive: "a .keras archive, which isn't read yet"
    case .savedModel: "a TensorFlow SavedModel, which isn't read"
    case .torchArchive: "a PyTorch file, which isn't read"
    case .zip: "a zip archive, expected an HDF5 file"
    case .folder: "a folder, expected an HDF5 file"
    case .tensorFlowLite: "a TensorFlow Lite model, which isn't read"
    case .gitPointer: "only the pointer of a file kept with git LFS"
    case .webPage: "a web page, expected an HDF5 file"
    case .empty: "an empty file"
    case .other: "not an HDF5 file"
    }
  }

  fileprivate var remedy: String? {
    switch self {
    case .kerasArchive, .savedModel:
      "load it with Keras and save it with model.save(\"model.h5\")"
    case .torchArchive, .tensorFlowLite: "export the original model to ONNX or Keras"
    case .gitPointer: "run 'git lfs pull'"
    case .webPage, .empty: "get the file again; this copy isn't the model"
    case .zip, .folder, .other: nil
    }
  }
}
