import ECDiagnostics
import ECFineTune
import ECGraph
import ECImage
import ECTensor

extension NetworkTraining {
  /// What layers before the trained ones make of all images, computed once.
  struct FrozenPart: Sendable {
    let trunk: FrozenTrunk
    /// A row for every training image, then for every validation image.
    let store: FeatureStore

    /// Rows as the rest of the network takes them.
    func tensor(_ rows: [Int]) -> Tensor {
      Tensor(store.rows(rows), shape: [rows.count] + trunk.shape)
    }
  }

  /// The most bytes that are kept of what frozen layers make of images.
  private static let byteLimit = 4 << 30

  /// Runs the layers that stay as they are on all images, where that gives the same in every epoch;
  /// `nil` where images change, where statistics move, or where there would be too much to keep.
  func frozenPart(of graph: Graph, _ data: LabelledImages) throws -> FrozenPart? {
    guard case .last = layers, !fineTune.augments, fineTune.batchNorm == .frozen,
      let trunk = FrozenTrunk(graph, layers)
    else { return nil }
    let items = data.train + data.validation
    let width = trunk.shape.reduce(1, *)
    guard items.count.times(width.times(4)) <= Self.byteLimit else { return nil }
    let source = FeatureSource(
      graph: graph, value: trunk.value, width: width, name: "frozen", images: images,
      checkpoint: checkpoint, threads: threads, seed: seed)
    let rows = try source.rows(items) { [progress] in
      progress("computing what the frozen layers give", $0)
    }
    // An image that went away since the classifier was learnt is told when it is read.
    return rows.broken.isEmpty ? FrozenPart(trunk: trunk, store: rows.store) : nil
  }

  /// What a network, or its part behind the frozen one, says about the validation images.
  func measure(
    _ graph: Graph, _ frozen: FrozenPart?, _ data: LabelledImages
  ) throws -> (loss: Double, matrix: ConfusionMatrix) {
    guard let frozen else {
      return try NetworkScores(graph, images: images, threads: threads)
        .measure(data.validation, classCount: data.classes.count)
    }
    let first = data.train.count
    return try NetworkScores<Int>(
      graph, threads: threads, image: { _, row in .success(first + row) },
      tensor: { frozen.tensor($0) }
    ).measure(data.validation, classCount: data.classes.count)
  }
}
