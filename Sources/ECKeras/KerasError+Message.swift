import ECArchive
public import ECDiagnostics
import ECGraph
import ECHDF5

extension KerasError {
  public var what: String {
    switch reason {
    case .hdf5(let error): error.what
    case .archive(let error): error.what
    case .otherFile(let kind): kind.words
    case .weightsOnly(let count, _):
      "holds the weights of \(count) layers, but not the model they belong to"
    case .sharded: "a .keras archive whose weights are spread over several files, which isn't read"
    case .hasArchitecture(let given): "has an architecture of its own, and '\(given)' was given"
    case .weightMismatch(let found):
      found.count == 1
        ? "a weight doesn't fit the architecture"
        : "\(found.count) weights don't fit the architecture"
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
    case .unwrittenArchive(let error): error.what
    case .unwritable(let layers):
      layers.count == 1
        ? "1 layer can't be written any more"
        : "\(layers.count) layers can't be written any more"
    case .oldDialect:
      "the model is in the words of Keras 1, and not all of it can be said in today's"
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
    case .unwritable(let layers):
      layers.map { "'\($0.layer)' (\($0.className)): \($0.reason)" }
    case .oldDialect(let layers): layers
    case .weightMismatch(let found):
      found.prefix(24).map(\.words)
        + (found.count > 24 ? ["and \(found.count - 24) more"] : [])
    case .weightNames(let expected, let found):
      ["expected: \(Self.names(expected, limit: 24))", "found: \(Self.names(found, limit: 24))"]
    case .notExpressible(let nodes): nodes
    default: []
    }
  }

  public var remedy: String? {
    switch reason {
    case .hdf5(let error): error.remedy
    case .archive(let error): error.remedy
    case .otherFile(let kind): kind.remedy
    case .weightsOnly(_, let family):
      (family.map { "these look like weights of \($0): try --arch \($0); else " }
        ?? "give --arch NAME for a model of keras.applications ('ecconvert architectures'); else ")
        + "write model.to_json() to a file and give it with --arch FILE.json, or save the whole "
        + "model with model.save(\"model.keras\")"
    case .sharded: "save the model without max_shard_size"
    case .hasArchitecture: "leave --arch out"
    case .weightMismatch:
      "give the architecture that these weights were saved from"
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
    case .notExpressible: "write ONNX (-o model.onnx), which has them all"
    case .unwritable:
      "write ONNX (-o model.onnx), or leave the layers that feed these alone with --exclude"
    case .oldDialect: "write ONNX (-o model.onnx)"
    default: nil
    }
  }

  public var category: FaultCategory {
    switch reason {
    case .hdf5(let error): error.category
    case .archive(let error): error.category
    // A name that HDF5 can't hold comes from the model, everything else from the disk.
    case .unwritten(let error): error.reason == .refusedName ? .input : .output
    case .unwrittenArchive: .output
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

extension WeightMismatch {
  fileprivate var words: String {
    switch self {
    case .missing(let name): "missing in the file: '\(name)'"
    case .extra(let name): "only in the file: '\(name)'"
    case .shape(let name, let found, let expected):
      "'\(name)': shape is \(found) in the file, expected \(expected)"
    }
  }
}

extension SourceKind {
  fileprivate var words: String {
    switch self {
    case .kerasArchive: "a .keras archive that is damaged"
    case .savedModel: "a TensorFlow SavedModel, which isn't read"
    case .torchArchive: "a PyTorch file, which isn't read"
    case .zip: "a zip archive, but not of Keras"
    case .folder: "a folder, expected a model file"
    case .tensorFlowLite: "a TensorFlow Lite model, which isn't read"
    case .gitPointer: "only the pointer of a file kept with git LFS"
    case .webPage: "a web page, expected a model file"
    case .empty: "an empty file"
    case .other: "not an HDF5 file"
    }
  }

  fileprivate var remedy: String? {
    switch self {
    case .savedModel: "load it with Keras and save it with model.save(\"model.keras\")"
    case .kerasArchive: "get the file again; this copy is incomplete"
    case .torchArchive, .tensorFlowLite: "export the original model to ONNX or Keras"
    case .gitPointer: "run 'git lfs pull'"
    case .webPage, .empty: "get the file again; this copy isn't the model"
    case .zip, .folder, .other: nil
    }
  }
}
