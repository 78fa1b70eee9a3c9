import ECExecution
import ECGraph
import ECImage
import ECOperators
import ECTensor
import Glibc

/// Finds out what is done to images before a model sees them.
///
/// In this order: the model does it itself in its first step; statistics of the first batch
/// normalization fit one kind best; VGG's layers of `keras.applications` were trained on `caffe`.
/// Else ONNX models are taken to want `torch`, others numbers of 0 to 1.
struct PreprocessingGuess {
  let graph: Graph
  let input: ImageInput
  let threads: Int

  /// The kind, and why.
  func find(on images: [FloatImage]) -> (kind: Preprocessing, reason: String) {
    if let own = ownRange() { return (own, "the model scales its input itself") }
    if let fitting = fitting(images) { return (fitting, "statistics of the first normalization") }
    if graph.nodes.contains(where: { $0.origin == "block1_conv1" }) {
      return (.caffe, "layers named as VGG's")
    }
    return input.layout == .channelsFirst
      ? (.torch, "usual for ONNX models") : (.unit, "nothing tells the range")
  }

  /// What the model's first step expects: it divides bytes, or subtracts means of bytes.
  private func ownRange() -> Preprocessing? {
    for node in graph.nodes where node.inputs.contains(input.value) {
      guard let op = node.op as? Elementwise,
        let constant = node.inputs.lazy.compactMap({ graph.constant($0) }).first
      else { continue }
      let largest = constant.floats().reduce(0) { max($0, $1.magnitude) }
      switch op.kind {
      case .multiply: return largest < 0.05 ? Preprocessing.none : .unit
      case .divide: return largest > 20 ? Preprocessing.none : .unit
      case .subtract, .add: return largest > 2 ? Preprocessing.none : .unit
      default: continue
      }
    }
    return nil
  }

  /// The kind with which the input of the first batch normalization has the moments it expects.
  private func fitting(_ images: [FloatImage]) -> Preprocessing? {
    guard let node = graph.nodes.first(where: { $0.op is BatchNorm }),
      let op = node.op as? BatchNorm, let value = node.inputs[0],
      let mean = graph.constant(node.inputs[3])?.floats().map(Double.init),
      let variance = graph.constant(node.inputs[4])?.floats().map({ Double($0) + op.epsilon }),
      // Statistics that nobody has trained tell nothing.
      mean.contains(where: { $0 != 0 }) || Set(variance).count > 1
    else { return nil }
    var best: (kind: Preprocessing, misfit: Double)?
    for kind in Preprocessing.allCases {
      let tensor = input.tensor(images.map { $0.preprocessed(kind) })
      let tap = ChannelTap(value: value, axis: op.axis, positions: mean.indices.map { [$0] })
      var statistics = ChannelStatistics(graph: graph, taps: [tap], threads: threads)
      guard (try? statistics.add([tensor], batch: images.count)) != nil else { return nil }
      let found = statistics.moments()[0]
      var misfit = 0.0
      for c in mean.indices {
        // The divergence of two normal distributions.
        let own = found.covariance[c * mean.count + c] + 1e-12
        let shift = found.mean[c] - mean[c]
        let ratio = own / variance[c]
        misfit += min(ratio + shift * shift / variance[c] - 1 - log(ratio), 100)
      }
      if misfit < (best?.misfit ?? .infinity) { best = (kind, misfit) }
    }
    return best?.kind
  }
}
