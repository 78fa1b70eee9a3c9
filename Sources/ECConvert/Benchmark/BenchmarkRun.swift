import ECDiagnostics

/// The workers of a benchmark and what they have done so far.
struct BenchmarkRun: ~Copyable {
  private(set) var warnings: [String] = []
  private let options: BenchmarkOptions
  private var workers: [Worker] = []

  /// A worker with what it measures.
  private final class Worker {
    let process: WorkerProcess
    let model: String
    let isBaseline: Bool
    var times = RunTimes()

    init(_ command: [String], model: String, isBaseline: Bool) throws(WorkerProcess.Failure) {
      process = try WorkerProcess(command)
      (self.model, self.isBaseline) = (model, isBaseline)
    }
  }

  init(_ options: BenchmarkOptions) {
    self.options = options
  }

  /// Starts the workers of all models; those that can't run one are named in `warnings`.
  /// - Throws: `ConversionFault` if none can run the first model.
  mutating func start(_ subjects: [BenchmarkSubject]) throws {
    var refusals: [String] = []
    for (index, subject) in subjects.enumerated() {
      let own = options.worker + BenchmarkWorker.words(options.precision)
      var commands = [(engine: "ecconvert", words: own)]
      if let python = options.python {
        commands.append(("onnxruntime", [python, "-c", RuntimeScript.text]))
      }
      for (engine, words) in commands {
        do throws(WorkerProcess.Failure) {
          workers.append(
            try Worker(words + subject.arguments, model: subject.path, isBaseline: index > 0))
        } catch {
          refusals.append("\(engine) doesn't run '\(subject.path)': \(error.message)")
        }
      }
      guard workers.contains(where: { $0.isBaseline == (index > 0) }) else {
        throw ConversionFault(
          .cannotMeasure(refusals.joined(separator: "; ")), at: .file(subject.path))
      }
    }
    warnings += refusals
  }

  /// Runs all in turn after one round that doesn't count.
  mutating func measure(_ progress: (String, Double?) -> Void) throws {
    let start = ProcessMemory.now
    let limit = options.runs ?? 50
    for round in 0...limit {
      for worker in round % 2 == 0 ? workers : workers.reversed() {
        if workers.count > 1 { WorkerProcess.pause(threads: options.threads) }
        do throws(WorkerProcess.Failure) {
          let times = try worker.process.run()
          if round > 0 { worker.times.append(times) }
        } catch {
          throw ConversionFault(.cannotMeasure(error.message), at: .file(worker.model))
        }
      }
      progress("measuring", Double(round) / Double(limit))
      if options.runs == nil && round >= 5 && ProcessMemory.now - start > 10 { break }
    }
  }

  /// What was measured.
  func entries() throws(ConversionFault) -> [Benchmark.Entry] {
    var entries: [Benchmark.Entry] = []
    for worker in workers {
      do throws(WorkerProcess.Failure) {
        entries.append(
          Benchmark.Entry(
            model: worker.model, isBaseline: worker.isBaseline, engine: worker.process.name,
            times: worker.times, peakByteCount: try worker.process.peakByteCount(),
            baseByteCount: worker.process.baseByteCount))
      } catch {
        throw ConversionFault(.cannotMeasure(error.message), at: .file(worker.model))
      }
    }
    return entries
  }
}
