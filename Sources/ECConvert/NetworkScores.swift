import ECDiagnostics
import ECExecution
import ECFineTune
import ECGraph
import ECPasses
import Glibc

/// What a whole network says about images.
struct NetworkScores {
  private let graph: Graph
  private let images: ImageSource
  private let threads: Int
  private let hasSoftmax: Bool

  init(_ graph: Graph, images: ImageSource, threads: Int) throws(GraphError) {
    (self.graph, self.images, self.threads) = (graph, images, threads)
    hasSoftmax = try Classifier(in: graph).hasSoftmax
  }

  /// What images are taken for; `nil` if there are none.
  func matrix(_ items: [LabelledImages.Item], _ data: LabelledImages) throws -> ConfusionMatrix? {
    items.isEmpty ? nil : try measure(items, classCount: data.classes.count).matrix
  }

  /// The mean cross entropy, and what images are taken for; those that can't be read are left out.
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
      store, image: { images.image(items[$0]) }, tensor: { images.tensor($0) }, progress: { _ in })
    let scores = store.rows(Array(items.indices)).map(Double.init)
    var (loss, found, labels) = (0.0, [Int](), [Int]())
    for (k, item) in items.enumerated() where store[k] == .done {
      let own = scores[(k * classCount)..<((k + 1) * classCount)]
      let most = own.max() ?? 0
      found.append((own.firstIndex(of: most) ?? own.startIndex) - own.startIndex)
      labels.append(item.label)
      let score = own[own.startIndex + item.label]
      loss +=
        hasSoftmax
        ? -log(max(score, 1e-12)) : log(own.reduce(0) { $0 + exp($1 - most) }) + most - score
    }
    return (
      loss / Double(max(labels.count, 1)),
      ConfusionMatrix(labels: labels, predictions: found, classCount: classCount)
    )
  }
}
