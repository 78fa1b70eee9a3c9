import ECDiagnostics
import ECGraph
import ECHDF5
import ECTensor

/// Writes Keras models to files; equal documents give equal bytes.
///
/// Weights go from where they lie, mapped files included, to the file in pieces of about 1 MB.
public struct KerasWriter: Sendable {
  let document: KerasDocument

  /// Makes a writer of a model.
  public init(_ document: KerasDocument) {
    self.document = document
  }

  /// Writes a legacy HDF5 file, as `model.save("model.h5")` does; one that is there is replaced.
  ///
  /// There is no training state: Keras loads the model uncompiled.
  /// - Throws: `KerasError` if the file can't be written, or if a name can't stand in HDF5.
  public func writeHDF5(toFile path: String) throws(KerasError) {
    let layers = try layersInLoadingOrder()
    do throws(HDF5Error) {
      let file = try HDF5Writer(creating: path)
      try file.attribute("", "keras_version", document.version)
      try file.attribute("", "backend", document.backend)
      try file.attribute("", "model_config", document.architecture.json())
      if !document.classes.isEmpty { try file.attribute("", "classes", document.classes) }
      try write(layers, to: file)
      try file.close()
    } catch {
      throw KerasError(writing: error)
    }
  }

  /// The layers in the order in which Keras makes them when it loads the architecture, which is how
  /// it finds their weights; the input layer of a Sequential isn't one of its layers.
  func layersInLoadingOrder() throws(KerasError) -> [KerasDocument.Layer] {
    var reader = ConfigReader(
      dialect: KerasDialect(config: document.architecture, version: document.version))
    return Self.sorted(document.layers, as: try reader.document(document.architecture))
  }

  private static func sorted(_ layers: [KerasDocument.Layer], as model: ModelSource)
    -> [KerasDocument.Layer]
  {
    let names = model.isSequential ? model.layers.map(\.name) : LoadingOrder(model).names
    let positions = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
    let sources = Dictionary(uniqueKeysWithValues: model.layers.map { ($0.name, $0) })
    return
      layers
      .filter { !(model.isSequential && sources[$0.name]?.isInput ?? false) }
      .enumerated()
      .sorted {
        let (a, b) = (positions[$0.element.name] ?? .max, positions[$1.element.name] ?? .max)
        return a == b ? $0.offset < $1.offset : a < b
      }
      .map { _, layer in
        guard case .model(let inner) = layer.content, let source = sources[layer.name]?.model else {
          return layer
        }
        return KerasDocument.Layer(
          name: layer.name, className: layer.className, isTrainable: layer.isTrainable,
          content: .model(sorted(inner, as: source)))
      }
  }

  private func write(
    _ layers: [KerasDocument.Layer], to file: borrowing HDF5Writer
  ) throws(HDF5Error) {
    let root = "model_weights"
    try file.attribute(root, "layer_names", layers.map(\.name))
    try file.attribute(root, "backend", document.backend)
    try file.attribute(root, "keras_version", document.version)
    for layer in layers {
      let group = "\(root)/\(layer.name)"
      let weights = layer.listedWeights
      let names = weights.map { listedName($0) }
      try file.attribute(group, "weight_names", names)
      for (placed, name) in zip(weights, names) {
        try write(placed.weight.tensor, to: "\(group)/\(name)", of: file)
      }
    }
  }

  /// The path of a weight within the group of its outermost layer.
  ///
  /// A layer of a nested model stands without the model's name, as Keras writes it; Keras 3 has no
  /// `:0` behind the name.
  private func listedName(_ placed: KerasDocument.Layer.PlacedWeight) -> String {
    let path = placed.path.count > 1 ? Array(placed.path.dropFirst()) : placed.path
    let suffix = document.version.hasPrefix("3.") ? "" : ":0"
    return (path + [placed.weight.name]).joined(separator: "/") + suffix
  }

  func write(
    _ tensor: Tensor, to path: String, of file: borrowing HDF5Writer
  ) throws(HDF5Error) {
    guard let kind = ElementKind(tensor.elementType) else {
      throw HDF5Error(
        .unsupportedElement(tensor.elementType.name), at: Place(["dataset '\(path)'"]))
    }
    var stream = try file.stream(path, shape: tensor.shape, kind: kind)
    try tensor.forEachPiece { (bytes) throws(HDF5Error) in try stream.append(bytes) }
    try stream.finish()
  }
}

extension ElementKind {
  /// The stored form of a tensor's elements; `nil` for truth values, which Keras doesn't store.
  fileprivate init?(_ type: ElementType) {
    switch type {
    case .float16: self = .float16
    case .bfloat16: self = .bfloat16
    case .float32: self = .float32
    case .float64: self = .float64
    case .int8: self = .int(bits: 8)
    case .int16: self = .int(bits: 16)
    case .int32: self = .int(bits: 32)
    case .int64: self = .int(bits: 64)
    case .uint8: self = .uint(bits: 8)
    case .uint16: self = .uint(bits: 16)
    case .uint32: self = .uint(bits: 32)
    case .uint64: self = .uint(bits: 64)
    case .bool: return nil
    }
  }
}
