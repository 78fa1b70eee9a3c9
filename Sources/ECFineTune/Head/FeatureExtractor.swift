import Dispatch
import ECDiagnostics
public import ECExecution
public import ECGraph
public import ECImage
public import ECTensor
import Synchronization

/// Runs images through a network up to a value and keeps what it is there.
///
/// Every worker decodes its own images and runs its own copy of the program, so that none waits for
/// another; which images run together depends on their order alone.
public struct FeatureExtractor: Sendable {
  /// The network; it has one input.
  public let graph: Graph
  /// Where features are taken; everything after the batch is one row.
  public let value: ValueID
  /// The number of features.
  public let width: Int
  /// Workers, each with one thread.
  public var threads = 1
  /// How exactly the network multiplies.
  public var precision = Precision.single
  /// The images that run together.
  public var batch = 8
  /// The most memory of programs; beyond it there are fewer workers of more threads each.
  public var byteLimit = 4 << 30

  /// Prepares to take features.
  public init(graph: Graph, value: ValueID, width: Int) {
    (self.graph, self.value, self.width) = (graph, value, width)
  }

  /// Fills the rows of a store that are missing.
  ///
  /// - Parameters:
  ///   - image: makes the image of a row, or whatever the network takes; called by several threads.
  ///   - tensor: joins images of one size as the network takes them.
  ///   - progress: is told the share of rows that are there.
  /// - Returns: why images can't be used, by row.
  /// - Throws: `ExecutionError` if the network can't be run.
  public func fill<Image: Sendable>(
    _ store: FeatureStore,
    image: @Sendable @escaping (Int) -> Result<Image, ImageError>,
    tensor: @Sendable @escaping ([Image]) -> Tensor,
    progress: @Sendable @escaping (Double) -> Void
  ) throws(ExecutionError) -> [(row: Int, error: ImageError)] {
    let batches = stride(from: 0, to: store.count, by: batch).map {
      $0..<min($0 + batch, store.count)
    }
    let state = Mutex(Progress(next: 0, done: 0, broken: [], failure: nil))
    // Every worker has weights of its own, as they are and as kernels want them.
    let room = byteLimit / (8 * graph.parameterCount + (128 << 20))
    let workers = max(1, min(threads, batches.count, room))
    DispatchQueue.concurrentPerform(iterations: workers) { _ in
      var evaluator: Evaluator?
      while let range = state.withLock({ $0.take(batches) }) {
        do throws(ExecutionError) {
          let broken = try run(
            range, store, image, tensor, threads: max(1, threads / workers), &evaluator)
          progress(
            state.withLock {
              $0.broken += broken
              $0.done += 1
              return Double($0.done) / Double(batches.count)
            })
        } catch {
          state.withLock { $0.failure = $0.failure ?? error }
        }
      }
    }
    let end = state.withLock { $0 }
    if let failure = end.failure { throw failure }
    return end.broken.sorted { $0.row < $1.row }
  }

  private struct Progress: Sendable {
    var next: Int
    var done: Int
    var broken: [(row: Int, error: ImageError)]
    var failure: ExecutionError?

    mutating func take(_ batches: [Range<Int>]) -> Range<Int>? {
      guard failure == nil, next < batches.count else { return nil }
      next += 1
      return batches[next - 1]
    }
  }

  /// One batch; broken images are looked at again to say why they are.
  private func run<Image>(
    _ range: Range<Int>, _ store: FeatureStore,
    _ image: (Int) -> Result<Image, ImageError>, _ tensor: ([Image]) -> Tensor,
    threads: Int, _ evaluator: inout Evaluator?
  ) throws(ExecutionError) -> [(row: Int, error: ImageError)] {
    let isComplete = range.allSatisfy { store[$0] != .missing }
    if isComplete && range.allSatisfy({ store[$0] == .done }) { return [] }
    var broken: [(row: Int, error: ImageError)] = []
    var images: [Image] = []
    var rows: [Int] = []
    for row in range {
      if isComplete && store[row] == .done { continue }
      switch image(row) {
      case .success(let image):
        images.append(image)
        rows.append(row)
      case .failure(let error):
        broken.append((row, error))
        store.setBroken(row)
      }
    }
    guard let last = images.last, !isComplete else { return broken }
    // Always of one size, so that one program serves and a row never depends on the others.
    images += [Image](repeating: last, count: batch - images.count)
    let input = tensor(images)
    if evaluator == nil {
      evaluator = try Evaluator(
        graph: graph, inputShapes: [input.shape], outputs: [value], threads: threads,
        precision: precision)
    }
    guard let result = try evaluator?.run([input]).first else { return broken }
    try result.withFloats { (floats) throws(ExecutionError) in
      for (k, row) in rows.enumerated() {
        store.set(row, UnsafeBufferPointer(rebasing: floats[(k * width)..<((k + 1) * width)]))
      }
    }
    return broken
  }
}
