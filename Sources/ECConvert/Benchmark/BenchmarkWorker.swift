import ECDiagnostics
import ECExecution
import ECGraph
import ECTensor
import Glibc

/// This engine's side of a benchmark: a process that runs one model whenever it is told to.
public struct BenchmarkWorker {
  private let path: String
  private let threads: Int
  private let seed: UInt64
  private let range: ClosedRange<Float>
  private let shapes: [[Int]]
  private let precision: Precision

  /// What `Benchmark` puts between its worker command and the arguments of any engine.
  static func words(_ precision: Precision) -> [String] {
    precision == .single ? [] : ["--precision=\(precision.rawValue)"]
  }

  /// Takes the arguments that `Benchmark` puts behind its worker command; `nil` if they are others.
  public init?(arguments: [String]) {
    let precision = Precision.allCases.last { arguments.starts(with: Self.words($0)) } ?? .single
    self.precision = precision
    let arguments = Array(arguments.dropFirst(Self.words(precision).count))
    guard arguments.count >= 5, let threads = Int(arguments[1]), let seed = UInt64(arguments[2]),
      let low = Float(arguments[3]), let high = Float(arguments[4]), low <= high
    else { return nil }
    (path, self.threads, self.seed, range) = (arguments[0], threads, seed, low...high)
    shapes = arguments[5...].map { $0.split(separator: ",").compactMap { Int($0) } }
  }

  /// The arguments with which a worker, of whichever engine, runs a model on random inputs.
  static func arguments(
    _ path: String, threads: Int, seed: UInt64, range: ClosedRange<Float>, shapes: [[Int]]
  ) -> [String] {
    [
      path, "\(WorkerThreads.count(threads))", "\(seed)", "\(range.lowerBound)",
      "\(range.upperBound)",
    ] + shapes.map { $0.map(String.init).joined(separator: ",") }
  }

  /// Talks on standard input and output until the input ends.
  public func serve() {
    let base = ProcessMemory.residentByteCount
    do {
      let evaluator = try prepared()
      var random = RandomInputs(seed: seed)
      let inputs = shapes.map { random.tensor(shape: $0, in: range) }
      _ = try evaluator.run(inputs)
      say("ready ecconvert/\(ECConvertVersion.current) \(base)")
      while let word = readLine() {
        if word == "peak" {
          say("\(ProcessMemory.peakByteCount)")
          continue
        }
        if word.hasPrefix("save ") {
          let folder = String(word.dropFirst(5))
          try save(inputs, "\(folder)/in")
          try save(evaluator.run(inputs), "\(folder)/out")
          say("saved")
          continue
        }
        let (wall, cpu) = (ProcessMemory.now, ProcessMemory.cpuSeconds)
        _ = try evaluator.run(inputs)
        say("\(ProcessMemory.now - wall) \(ProcessMemory.cpuSeconds - cpu)")
      }
    } catch let error as any DiagnosticError {
      let place = error.place.description
      say("error \(place.isEmpty ? "" : place + ": ")\(error.what)")
    } catch {
      say("error \(error)")
    }
  }

  /// The model as a conversion would write it, ready to run; the graph isn't kept.
  private func prepared() throws -> Evaluator {
    var graph = try SourceModel.read(path).graph
    try Pipelines.onnxToONNX(.unchanged).run(on: &graph, verifying: false)
    return try Evaluator(graph: graph, inputShapes: shapes, threads: threads, precision: precision)
  }

  /// Writes elements as they lie in memory, a file for each tensor, for checks by other programs.
  private func save(_ tensors: [Tensor], _ prefix: String) throws {
    for (k, tensor) in tensors.enumerated() {
      let path = "\(prefix)_\(k).f32"
      let floats = tensor.floats()
      let file = fopen(path, "w")
      let written = file.map { fwrite(floats, MemoryLayout<Float>.size, floats.count, $0) }
      guard let file, fclose(file) == 0, written == floats.count else {
        throw UnexpectedError(underlying: "can't write '\(path)'")
      }
    }
  }

  private func say(_ line: String) {
    print(line)
    fflush(nil)
  }
}
