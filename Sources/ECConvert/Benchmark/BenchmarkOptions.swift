public import ECExecution

/// How a model is measured.
public struct BenchmarkOptions: Sendable {
  /// Another model, measured in the same rounds.
  public var baseline: String?
  /// The architecture of the model, if that holds weights only.
  public var architecture: String?
  /// The extent of the first axis of the inputs, where the model leaves it open.
  public var batch = 1
  /// Threads of every engine; 0 means all cores.
  public var threads = 0
  /// How exactly this engine multiplies.
  public var precision = Precision.single
  /// Measured runs of each; `nil` means 50, or as many as fit into ten seconds, but at least 5.
  public var runs: Int?
  /// The seed of the inputs.
  public var seed: UInt64 = 0
  /// The Python that may have onnxruntime; `nil` leaves onnxruntime out.
  public var python: String? = "python3"
  /// The command that runs `BenchmarkWorker` on the arguments put behind it.
  public var worker: [String]

  /// The defaults.
  public init(worker: [String]) {
    self.worker = worker
  }
}
