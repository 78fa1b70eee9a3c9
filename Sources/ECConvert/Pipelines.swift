import ECGraph
import ECPasses

/// The passes in order; these arrays are the registration.
enum Pipelines {
  /// From a Keras graph to one that ONNX says best.
  static func keras(toONNX inputs: InputLayouts) -> Pipeline {
    Pipeline([
      // First what doesn't reach an output, so that nothing below works on it.
      RemoveUnused(),
      // Gates become [n, c, 1, 1] all along; before the layout changes, while reshapes are plain.
      SplitGlobalPool(),
      // Everything below may rely on one layout.
      ConvertLayout(
        from: .channelsLast, to: .channelsFirst,
        inputs: inputs.orders.contains { $0 != nil } ? .move : .keep),
      // After the layout: a reshape to [1, 1, c] has become one to [c, 1, 1], like the pooling.
      MergeReshapes(),
      // Before folding: a convolution behind a Pad is still one convolution.
      MergePadding(),
      FoldBatchNorm(),
      // Last, since the passes above leave nodes without readers.
      RemoveUnused(),
    ])
  }

  /// From any graph to one that Keras says best: images have their channels last, inputs too.
  static func toKeras(from layout: ImageLayout) -> Pipeline {
    Pipeline([
      RemoveUnused(),
      // Before the layout changes: reshapes that say nothing are no obstacle then.
      MergeReshapes(),
      ConvertLayout(from: layout, to: .channelsLast, inputs: .moveImages),
      // After the layout, which makes some reshapes equal.
      MergeReshapes(),
      // Keras' own padding can say what a layer of zeros says.
      MergePadding(),
      RemoveUnused(),
    ])
  }

  /// To single precision.
  static var singlePrecision: Pipeline {
    // Conversions to half precision have become ones that change nothing; constants have twins.
    Pipeline([WidenPrecision(), CancelCasts(), RemoveUnused()])
  }

  /// From an ONNX graph to a slim ONNX graph.
  static func onnxToONNX(_ inputs: InputLayouts) -> Pipeline {
    Pipeline([
      RemoveUnused(),
      // First, so that its transposes meet those that the source has at its edge.
      MoveInputChannels(orders: inputs.orders),
      // Before all that looks at neighbours: files made from channels last have transposes between.
      CancelTransposes(), CancelCasts(),
      // After the transposes, some of which became reshapes.
      MergeReshapes(), MergePadding(), FoldBatchNorm(), RemoveUnused(),
    ])
  }
}
