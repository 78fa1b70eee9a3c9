public import ECTensor

/// Mean and variance of every channel of an activation, over all samples.
public struct ChannelMeans {
  private var samples = 0
  /// Numbers near the means, so that little is lost in the differences.
  private var pivot: [Double] = []
  private var sum: [Double] = []
  private var squares: [Double] = []

  /// Starts without samples.
  public init() {}

  /// Adds an activation whose last axis is that of the channels.
  public mutating func add(_ activation: Tensor) {
    let extent = activation.shape.last ?? 1
    activation.withFloats { elements in
      if pivot.isEmpty {
        pivot = elements.prefix(extent).map(Double.init)
        sum = [Double](repeating: 0, count: extent)
        squares = sum
      }
      for row in 0..<elements.count / max(1, extent) {
        for k in 0..<extent {
          let value = Double(elements[row * extent + k]) - pivot[k]
          sum[k] += value
          squares[k] += value * value
        }
      }
    }
    samples += activation.count / max(1, extent)
  }

  /// The mean of every channel.
  public var mean: [Double] { zip(pivot, sum).map { $0 + $1 / Double(max(1, samples)) } }

  /// The variance of every channel.
  public var variance: [Double] {
    let number = Double(max(1, samples))
    return zip(sum, squares).map { max(0, $1 / number - $0 * $0 / (number * number)) }
  }
}
