import ArgumentParser
import ECFineTune
import ECGraph
import ECONNX
import ECOperators
import ECTensor
import Glibc

/// Times steps of training on numbers drawn at random, for `tools/bench/training.py`.
@main
struct Training: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ECBenchmark", abstract: "Times steps of training of an ONNX classifier.")

  @Argument(help: "The model.")
  var model: String

  @Option(help: "The images of a step.")
  var batch = 16

  @Option(help: "The steps; the first isn't counted.")
  var steps = 4

  @Option(help: "The threads of kernels.")
  var threads = 1

  @Flag(help: "Batch normalization learns the statistics of the batches.")
  var batchStatistics = false

  @Flag(help: "Prints the kernels instead.")
  var kernels = false

  func run() throws {
    let graph = try ONNXImporter(table: .standard).model(contentsOf: model).graph
    var plan = NetworkTrainer.Plan(stepCount: steps)
    plan.schedule = LearningRateSchedule(rate: 1e-3)
    plan.updatesStatistics = batchStatistics
    plan.threads = threads
    let trainer = try NetworkTrainer(graph, batch: batch, plan)
    let shape = [batch] + graph[graph.inputs[0]].type.shape.dropFirst().compactMap(\.value)
    let numbers = (0..<shape.reduce(1, *)).map { Float(($0 * 7919) % 1000) / 500 - 1 }
    let x = Tensor(numbers, shape: shape)
    if kernels {
      for line in trainer.listing { print("\(line.kernel)  \(line.place)") }
      return
    }
    var times: [(cpu: Double, wall: Double)] = []
    for step in 0..<steps {
      let start = (cpu: seconds(CLOCK_PROCESS_CPUTIME_ID), wall: seconds(CLOCK_MONOTONIC))
      _ = try trainer.step(x, labels: (0..<batch).map { ($0 + step) % 10 })
      times.append(
        (seconds(CLOCK_PROCESS_CPUTIME_ID) - start.cpu, seconds(CLOCK_MONOTONIC) - start.wall))
    }
    let counted = times.dropFirst()
    let (cpu, wall) = (counted.map(\.cpu).min() ?? 0, counted.map(\.wall).min() ?? 0)
    print("{\"cpu\": \(cpu), \"wall\": \(wall), \"bytes\": \(trainer.byteCount)}")
  }

  private func seconds(_ clock: clockid_t) -> Double {
    var time = timespec()
    clock_gettime(clock, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}
