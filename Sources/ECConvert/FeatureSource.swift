import ECDiagnostics
import ECExecution
import ECFineTune
import ECGraph
import ECImage

/// What a network makes of images, kept on disk where there is a place for it.
struct FeatureSource: Sendable {
  let graph: Graph
  let value: ValueID
  let width: Int
  /// The name of the file.
  let name: String
  let images: ImageSource
  let checkpoint: CheckpointFolder?
  let threads: Int
  let seed: UInt64
  var precision = Precision.single

  /// Features of images, and why some have none.
  struct Rows {
    let store: FeatureStore
    let isUsable: [Bool]
    let broken: [ImageError]
    /// What tells these features from others.
    let fingerprint: UInt64

    /// The features of the splits of data that has only usable images.
    func parts(_ data: LabelledImages)
      -> (train: LabelledFeatures, validation: LabelledFeatures, test: LabelledFeatures)
    {
      let rows = isUsable.indices.filter { isUsable[$0] }
      var start = 0
      func part(_ items: [LabelledImages.Item]) -> LabelledFeatures {
        defer { start += items.count }
        return LabelledFeatures(
          rows: store.rows(Array(rows[start..<(start + items.count)])), width: store.width,
          labels: items.map(\.label))
      }
      return (part(data.train), part(data.validation), part(data.test))
    }
  }

  /// The features of images as they are.
  func rows(
    _ items: [LabelledImages.Item], progress: @escaping @Sendable (Double) -> Void
  ) throws -> Rows {
    try rows(items, name, 0, progress) { images.image(items[$0]) }
  }

  /// The features of images changed by chance, which depends on the seed, the epoch and the place of
  /// the image; those of the epoch before are removed.
  func changedRows(
    _ items: [LabelledImages.Item], epoch: Int, progress: @escaping @Sendable (Double) -> Void
  ) throws -> [Float] {
    checkpoint?.remove("\(name)-\(epoch - 1)")
    let base = seed &+ UInt64(epoch) &* 0x9E6C_63D0_876A_68DE
    let rows = try rows(items, "\(name)-\(epoch)", epoch, progress) {
      images.image(items[$0], changedBy: base &+ UInt64($0) &* 0xD1B5_4A32_D192_ED03)
    }
    return rows.store.rows(Array(items.indices))
  }

  private func rows(
    _ items: [LabelledImages.Item], _ file: String, _ epoch: Int,
    _ progress: @escaping @Sendable (Double) -> Void,
    _ image: @escaping @Sendable (Int) -> Result<FloatImage, ImageError>
  ) throws -> Rows {
    var fingerprint = Fingerprint()
    fingerprint.add(graph)
    fingerprint.add(UInt64(value.index))
    fingerprint.add(precision.rawValue)
    fingerprint.add(epoch == 0 ? 0 : seed &+ UInt64(epoch))
    images.add(to: &fingerprint, items)
    let store = try FeatureStore(
      path: checkpoint?.file(file), fingerprint: fingerprint.value, count: items.count,
      width: width)
    var extractor = FeatureExtractor(graph: graph, value: value, width: width)
    extractor.threads = threads
    extractor.precision = precision
    if let fixed = graph.inputs.first.flatMap({ graph[$0].type.shape.first?.value }) {
      extractor.batch = fixed
    }
    let broken = try extractor.fill(
      store, image: image, tensor: { images.tensor($0) }, progress: progress)
    return Rows(
      store: store, isUsable: items.indices.map { store[$0] == .done },
      broken: broken.map(\.error), fingerprint: fingerprint.value)
  }
}
