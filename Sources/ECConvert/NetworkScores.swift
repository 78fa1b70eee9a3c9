import ECDiagnostics
import ECExecution
import ECFineTune
import ECGraph
import ECImage
import ECPasses
import ECTensor
import Glibc

/// What a network says about images, or about what stands for them at its input.
struct NetworkScores<Image: Sendable> {
  private let graph: Graph
  private let image: @Sendable (LabelledImages.Item, Int) -> Result<Image, ImageError>
  private let tensor: @Sendable ([Image]) -> Tensor
  private let threads: Int
  private let hasSoftmax: Bool

  /// Prepares to judge a network.
  /// - Parameters:
  ///   - image: gives what the network takes for an item at a position.
  ///   - tensor: joins those.
  init(
    _ graph: Graph, threads: Int,
    image: @escaping @Sendable (LabelledImages.Item, Int) -> Result<Image, ImageError>,
    tensor: @escaping @Sendable ([Image]) -> Tensor
  ) throws(GraphError) {
    (self.graph, self.threads) = (graph, threads)
    (self.image, self.tensor) = (image, tensor)
    hasSoftmax = try Classifier(in: graph).hasSoftmax
  }

  /// What images are taken for; `nil` if there are none.
  func matrix(_ items: [LabelledImages.Item], _ data: LabelledImages) throws -> ConfusionMatrix? {
    items.isEmpty ? nil : try measure(items, classCount: data.classes.count).matrix
  }

  /// The mean cross entropy, and what images are taken for.
  func measure(
    _ items: [LabelledImages.Item], classCount: Int
  ) throws -> (loss: Double, matrix: ConfusionMatrix) {
    let store = try FeatureStore(
      path: nil, fingerprint: 0, count: items.count, width: classCount)
    var extractor = FeatureExtractor(
      graph: graph, value: graph.outputs[0], width: classCount)
    extractor.threads = threads
    if let fixed = graph.inputs.first.flatMap({ graph[$0].type.shape.first?.value }) {
      extractor.batch = fixed
    }
    _ = try extractor.fill(
      store, image: { [image] in image(items[$0], $0) }, tensor: tensor, progress: { _ in })
    let scores = store.rows(Array(items.indices)).map(Double.init)
    var (loss, found) = (0.0, [Int]())
    for (k, item) in items.enumerated() {
      let own = scores[(k * classCount)..<((k + 1) * classCount)]
      let most = own.max() ?? 0
      found.append((own.firstIndex(of: most) ?? own.startIndex) - own.startIndex)
      let score = own[own.startIndex + item.label]
      loss +=
        hasSoftmax
        ? -log(max(score, 1e-12)) : log(own.reduce(0) { $0 + exp($1 - most) }) + most - score
    }
    return (
      loss / Double(max(items.count, 1)),
      ConfusionMatrix(labels: items.map(\.label), predictions: found, classCount: classCount)
    )
  }
}

extension NetworkScores<FloatImage> {
  /// Prepares to judge a whole network on images.
  init(_ graph: Graph, images: ImageSource, threads: Int) throws(GraphError) {
    try self.init(
      graph, threads: threads, image: { item, _ in images.image(item) },
      tensor: { images.tensor($0) })
  }
}
