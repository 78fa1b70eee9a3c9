import ECBLAS
public import ECTensor

/// Takes mean and covariance of the channels of several activations side by side: of one place in
/// two networks.
public struct JointStatistics {
  private var sum: MomentSum
  private let threads: Int

  /// Prepares to take statistics; for every activation the positions of its channels along the last
  /// axis, all channels of all activations having equally many.
  public init(positions: [[[Int]]], threads: Int = 1) {
    sum = MomentSum(parts: positions)
    self.threads = threads
  }

  /// Adds a batch: one tensor per activation, with the channels along the last axis and extents that
  /// agree in all others. At most `ChannelStatistics.positionLimit` samples count, evenly spaced.
  public mutating func add(_ activations: [Tensor]) throws(ExecutionError) {
    do throws(BLASError) {
      try Threads.withCount(threads) { () throws(BLASError) in
        try sum.add(activations, limit: ChannelStatistics.positionLimit)
      }
    } catch {
      throw ExecutionError(.kernel(error.what), at: error.place)
    }
  }

  /// The moments of the channels in the order of the activations.
  public func moments() -> ChannelMoments { sum.moments() }
}
