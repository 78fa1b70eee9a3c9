import ECGraph
import ECTensor

/// How a file orders the kernels of convolutions, where that differs from today's `(kh, kw, in, out)`.
struct KernelOrder {
  let dialect: KerasDialect
  /// The backend that computed the weights, where the file says it.
  let backend: String?

  /// The convolutions that Keras converts when it reads old files; it leaves depthwise ones alone.
  private static let classNames: Set = ["Conv1D", "Conv2D", "Conv3D", "Conv2DTranspose"]

  /// A weight in today's order; nothing is copied.
  func today(_ tensor: Tensor, weight: String, of layer: LayerSource) -> Tensor {
    guard weight == "kernel", KernelOrder.classNames.contains(layer.ruleName) else { return tensor }
    let kernel = dialect == .keras1 ? fromKeras1(tensor, layer) : tensor
    return backend == "theano" ? rotated(kernel) : kernel
  }

  private func fromKeras1(_ tensor: Tensor, _ layer: LayerSource) -> Tensor {
    let isFirst = layer.config["data_format"]?.string == "channels_first"
    switch (layer.ruleName, tensor.shape.count) {
    case ("Conv1D", 4):
      // (k, 1, in, out); before version 1.2 (out, in, k, 1)
      let isNew = tensor.shape[1] == 1 && tensor.shape[3] == layer.config["filters"]?.int
      let kernel = isNew ? tensor : tensor.permuted([2, 3, 1, 0])
      return kernel.shape[1] == 1
        ? kernel.reshaped([kernel.shape[0], kernel.shape[2], kernel.shape[3]]) : kernel
    case ("Conv2D", 4): return isFirst ? tensor.permuted([2, 3, 1, 0]) : tensor
    case ("Conv2DTranspose", 4): return tensor.permuted(isFirst ? [2, 3, 0, 1] : [0, 1, 3, 2])
    case ("Conv3D", 5): return isFirst ? tensor.permuted([2, 3, 4, 1, 0]) : tensor
    default: return tensor
    }
  }

  /// Turned round: Theano convolves, all others correlate.
  private func rotated(_ kernel: Tensor) -> Tensor {
    (0..<max(0, kernel.shape.count - 2)).reduce(kernel) { kernel, axis in
      kernel.gathered(axis: axis, (0..<kernel.shape[axis]).reversed())
    }
  }

  /// What can't be known from the file.
  func notes(_ model: ModelSource) -> [String] {
    guard dialect == .keras1, backend == nil,
      model.leaves.contains(where: {
        KernelOrder.classNames.contains($0.ruleName)
          && $0.config["data_format"]?.string == "channels_first"
      })
    else { return [] }
    return [
      "Keras 1 with channels first doesn't say its backend; kernels that Theano trained would need "
        + "turning round"
    ]
  }
}
