import ECExecution
import ECFineTune
import ECGraph
import ECTensor
import Testing

/// Training behind what frozen layers gave once, beside training in the whole network.
struct FrozenTrunkTests {
  private static let fixtures = TrainingFixture.all.filter { !$0.name.hasSuffix("batch") }

  private func trained(
    _ graph: Graph, _ x: Tensor, _ labels: [Int], _ layers: TrainedLayers
  ) throws -> Graph {
    var plan = NetworkTrainer.Plan(stepCount: 10)
    plan.layers = layers
    plan.schedule = LearningRateSchedule(rate: 0.02)
    let trainer = try NetworkTrainer(graph, batch: labels.count, plan)
    for _ in 0..<10 { _ = try trainer.step(x, labels: labels) }
    return trainer.trained
  }

  @Test(arguments: fixtures, [1, 2, 3])
  func `behind the cut the last layers learn what they learn in the whole network`(
    _ fixture: TrainingFixture, count: Int
  ) throws {
    let (graph, tensors) = (try fixture.graph(), try fixture.tensors())
    let x = try #require(tensors["x"])
    let labels = try #require(tensors["labels"]).floats().map { Int($0) }
    let layers = TrainedLayers.last(count)
    guard let trunk = FrozenTrunk(graph, layers) else {
      // Where branches lead around the cut up to the input, nothing is left before it.
      #expect(count > 1)
      return
    }
    #expect(trunk.rest.nodes.count < graph.nodes.count)
    let evaluator = try Evaluator(graph: graph, inputShapes: [x.shape], outputs: [trunk.value])
    let kept = try #require(try evaluator.run([x]).first)
    #expect(kept.shape == [labels.count] + trunk.shape)
    let joined = trunk.joined(try trained(trunk.rest, kept, labels, layers), layers)
    let whole = try trained(graph, x, labels, layers)
    for (id, tensor) in whole.initializers {
      let other = try #require(joined.constant(id))
      let most = tensor.floats().map(abs).max() ?? 0
      let apart = zip(tensor.floats(), other.floats()).map { abs($0 - $1) }.max() ?? 0
      #expect(apart <= 1e-5 * max(most, 1), "\(graph[id].name)")
    }
    let moved = graph.trainedWeights(layers).filter {
      joined.constant($0.value)?.floats() != graph.constant($0.value)?.floats()
    }
    #expect(!moved.isEmpty)
  }
}
