import ECDiagnostics
import ECExecution
import ECGraph
import ECONNX
import Glibc

/// Latency, throughput and memory of a model on this machine, beside others measured in turn.
///
/// Every engine runs in a process of its own, so that its memory can be told. A round runs each once,
/// every second one in reverse, so that whatever else the machine does slows all down alike.
public struct Benchmark: Sendable {
  /// One model in one engine.
  struct Entry: Sendable {
    /// The path as it was given.
    let model: String
    let isBaseline: Bool
    /// The engine and its version.
    let engine: String
    let times: RunTimes
    /// The most memory that the process had, and what of it was there before the model, in bytes.
    let peakByteCount: Int
    let baseByteCount: Int

    /// The memory that the model took.
    var modelByteCount: Int { max(0, peakByteCount - baseByteCount) }
    var engineName: String { engine.split(separator: " ").first.map(String.init) ?? engine }
  }

  let entries: [Entry]
  let batch: Int
  let threads: Int
  let loadAverage: Double
  /// What couldn't be measured, and what the reader's notes say.
  public let warnings: [String]

  /// Measures a model.
  /// - Throws: `ConversionError` if it can't be read, or no engine runs it.
  public init(
    of path: String, _ options: BenchmarkOptions,
    progress: @escaping @Sendable (String, Double?) -> Void
  ) throws(ConversionError) {
    do {
      try options.precision.check()
      var subjects = [try BenchmarkSubject(path, architecture: options.architecture, options)]
      if let baseline = options.baseline {
        subjects.append(try BenchmarkSubject(baseline, architecture: nil, options))
      }
      var run = BenchmarkRun(options)
      progress("preparing \(path)", nil)
      try run.start(subjects)
      try run.measure(progress)
      (entries, warnings) = (try run.entries(), subjects.flatMap(\.notes) + run.warnings)
      batch = subjects[0].batch
    } catch let error as ConversionError {
      throw error
    } catch let error as any DiagnosticError {
      throw ConversionError(stage: "benchmark", error)
    } catch {
      throw ConversionError(stage: "benchmark", UnexpectedError(underlying: "\(error)"))
    }
    threads = WorkerThreads.count(options.threads)
    var load = [0.0]
    loadAverage = getloadavg(&load, 1) == 1 ? load[0] : 0
  }
}

/// A model made ready for the workers: an ONNX file, which both engines read.
final class BenchmarkSubject {
  let path: String
  let notes: [String]
  /// The extent of the first axis of the first input.
  let batch: Int
  /// The arguments of a worker.
  let arguments: [String]
  /// The file that was written for the workers, if any; it goes with this object.
  private let written: TemporaryModel?

  init(_ path: String, architecture: String?, _ options: BenchmarkOptions) throws {
    self.path = path
    let source = try SourceModel.read(path, architecture: architecture)
    notes = source.notes
    let shapes = try Evaluator.inputShapes(of: source.graph, batch: options.batch)
    batch = shapes.first?.first ?? 1
    var graph = source.graph
    if source.format == .onnx {
      written = nil
    } else {
      try Pipelines.keras(toONNX: .unchanged).run(on: &graph, verifying: false)
      written = try TemporaryModel(graph, ONNXExporter(options: ONNXExportOptions()))
    }
    arguments = BenchmarkWorker.arguments(
      written?.path ?? path, threads: options.threads, seed: options.seed,
      range: source.graph.inputRange, shapes: shapes)
  }
}
