import ECDiagnostics
import ECExecution
import ECGraph

/// Measures the time of one run of candidates, by turns with the source in the same engine.
final class LatencyMeter {
  /// What a candidate takes.
  struct Reading {
    /// The median by the clock, in seconds.
    let seconds: Double
    /// The median of what it takes of the source's time in the same rounds.
    let share: Double
  }

  /// The engine's name.
  let engine: String
  private let source: WorkerProcess
  private let command: [String]
  private let options: ConversionOptions
  private let range: ClosedRange<Float>
  private var held: TemporaryModel

  /// The least and the most rounds, and the seconds after which no more are made.
  private static let rounds = (least: 9, most: 40, seconds: 3.0)

  /// Starts the source, in onnxruntime where Python has it, else in this engine.
  /// - Throws: `ConversionFault.cannotMeasure` if no engine runs it.
  init(_ source: TemporaryModel, _ options: ConversionOptions) throws {
    (self.options, held, range) = (options, source, source.graph.inputRange)
    var commands = [options.benchmarkWorker]
    if let python = options.python { commands.insert([python, "-c", RuntimeScript.text], at: 0) }
    var started: (worker: WorkerProcess, command: [String])?
    var refusal = "no engine is known"
    let arguments = try Self.arguments(source, range, options)
    for command in commands where started == nil && !command.isEmpty {
      do throws(WorkerProcess.Failure) {
        started = (try WorkerProcess(command + arguments), command)
      } catch {
        refusal = error.message
      }
    }
    guard let started else {
      throw ConversionFault(.cannotMeasure(refusal), at: .file(options.input))
    }
    (self.source, command) = started
    engine = started.worker.name
  }

  /// What a candidate takes.
  func reading(of candidate: TemporaryModel) throws -> Reading {
    do throws(WorkerProcess.Failure) {
      let worker: WorkerProcess
      do {
        worker = try WorkerProcess(command + (try Self.arguments(candidate, range, options)))
      } catch let error as WorkerProcess.Failure {
        throw error
      } catch {
        throw WorkerProcess.Failure(message: "\(error)")
      }
      let start = ProcessMemory.now
      var (own, other) = (RunTimes(), RunTimes())
      for round in 0...Self.rounds.most {
        func turn(_ process: WorkerProcess) throws(WorkerProcess.Failure) -> (
          wall: Double, cpu: Double
        ) {
          WorkerProcess.pause(threads: options.threads)
          return try process.run()
        }
        let runs =
          round % 2 == 0
          ? (try turn(worker), try turn(source)) : Self.swapped(try turn(source), try turn(worker))
        if round > 0 {
          own.append(runs.0)
          other.append(runs.1)
        }
        let isLong = ProcessMemory.now - start > Self.rounds.seconds
        if round >= Self.rounds.least && isLong { break }
      }
      return Reading(seconds: own.wall.quantile(0.5), share: own.ratio(to: other, \.wall))
    } catch {
      throw ConversionFault(.cannotMeasure(error.message), at: .file(options.input))
    }
  }

  /// The source's own time, in seconds.
  func sourceSeconds() throws -> Double {
    try reading(of: held).seconds
  }

  private static func swapped<A>(_ a: A, _ b: A) -> (A, A) { (b, a) }

  private static func arguments(
    _ model: TemporaryModel, _ range: ClosedRange<Float>, _ options: ConversionOptions
  ) throws -> [String] {
    let shapes = try Evaluator.inputShapes(of: model.graph, batch: 1)
    return BenchmarkWorker.arguments(
      model.path, threads: options.threads, seed: options.seed, range: range, shapes: shapes)
  }
}
