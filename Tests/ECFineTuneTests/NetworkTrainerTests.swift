import ECExecution
import ECFineTune
import ECGraph
import ECTensor
import Testing

/// Networks trained beside PyTorch, whose gradients and losses are in the fixtures.
struct NetworkTrainerTests {
  private struct Case {
    let graph: Graph
    let tensors: [String: Tensor]
    let x: Tensor
    let labels: [Int]

    init(_ fixture: TrainingFixture) throws {
      graph = try fixture.graph()
      tensors = try fixture.tensors()
      x = try #require(tensors["x"])
      labels = try #require(tensors["labels"]).floats().map { Int($0) }
    }

    var usesBatch: Bool { tensors["batch"]?.floats() == [1] }

    func plan(_ optimizer: Optimizer, rate: Double, threads: Int = 1) -> NetworkTrainer.Plan {
      var plan = NetworkTrainer.Plan(stepCount: 20)
      plan.optimizer = optimizer
      plan.schedule = LearningRateSchedule(rate: rate, course: .constant)
      plan.updatesStatistics = usesBatch
      plan.threads = threads
      return plan
    }

    func trainer(_ plan: NetworkTrainer.Plan) throws -> NetworkTrainer {
      try NetworkTrainer(graph, batch: labels.count, plan)
    }

    func losses(_ plan: NetworkTrainer.Plan) throws -> [Float] {
      let trainer = try trainer(plan)
      return try (0..<20).map { _ in Float(try trainer.step(x, labels: labels).loss) }
    }
  }

  @Test(arguments: TrainingFixture.all.filter { !$0.name.hasSuffix("batch") })
  func `what channels at their readers do to the loss is what gates do in PyTorch`(
    _ fixture: TrainingFixture
  ) throws {
    let c = try Case(fixture)
    let expected = c.tensors.filter { $0.key.hasPrefix("reading/") }
    let nodes = c.graph.nodes.filter { node in
      ["Conv", "Gemm", "MatMul"].contains { node.name.hasSuffix("/\($0)") }
        && expected["reading/" + node.name.split(separator: "/").dropLast().joined(separator: "/")]
          != nil
    }
    #expect(nodes.count == expected.count && !nodes.isEmpty)
    var request = GradientEvaluator.Request()
    request.readings = nodes.map { (Reading(node: $0.id, operand: 0), 1) }
    let evaluator = try GradientEvaluator(graph: c.graph, inputShapes: [c.x.shape], request)
    var targets = [Float](repeating: 0, count: c.labels.count * 4)
    for (n, label) in c.labels.enumerated() { targets[4 * n + label] = 1 }
    let found = try evaluator.gradients(
      [c.x], targets: Tensor(targets, shape: [c.labels.count, 4]))
    for (node, slopes) in zip(nodes, found.readings) {
      let layer = node.name.split(separator: "/").dropLast().joined(separator: "/")
      let wanted = try #require(expected["reading/" + layer])
      #expect(slopes?.shape == wanted.shape)
      #expect(distance(slopes?.floats() ?? [], wanted.floats()) < 1e-4, "\(layer)")
    }
  }

  private let descent = Optimizer.sgd(momentum: 0.9, weightDecay: 5e-3)

  @Test(arguments: TrainingFixture.all)
  func `gradients of all weights are PyTorch's`(_ fixture: TrainingFixture) throws {
    let c = try Case(fixture)
    let weights = c.graph.trainedWeights(.all)
    var request = GradientEvaluator.Request()
    request.weights = weights.map(\.value)
    request.usesBatchStatistics = c.usesBatch
    let evaluator = try GradientEvaluator(graph: c.graph, inputShapes: [c.x.shape], request)
    var targets = [Float](repeating: 0, count: c.labels.count * 4)
    for (n, label) in c.labels.enumerated() { targets[4 * n + label] = 1 / Float(c.labels.count) }
    let found = try evaluator.gradients(
      [c.x], targets: Tensor(targets, shape: [c.labels.count, 4]))
    let loss = try #require(c.tensors["loss"]).floats()[0]
    #expect(abs(Float(found.loss) - loss) < 1e-5)
    var expected = c.tensors.filter { $0.key.hasPrefix("gradient/") }
    let largest = expected.values.flatMap { $0.floats() }.reduce(0) { max($0, abs($1)) }
    func check(_ gradient: Tensor, _ key: String) throws {
      let found = expected.removeValue(forKey: key)
      let other = try #require(found, "no \(key)").floats()
      // A bias in front of a normalization has no effect; what is left of it is rounding.
      let own = max(other.reduce(0) { max($0, abs($1)) }, largest / 1000)
      let error = zip(gradient.floats(), other).reduce(0) { max($0, abs($1.0 - $1.1) / own) }
      #expect(error < 1e-4, "\(key)")
    }
    var renamed: [Tensor] = []
    for (weight, gradient) in zip(weights, found.weights) {
      let key = "gradient/\(c.graph[weight.value].name)"
      if expected[key] == nil { renamed.append(gradient) } else { try check(gradient, key) }
    }
    // The slope of PReLU comes in another shape, under another name.
    for gradient in renamed { try check(gradient, "gradient/slope.weight") }
    #expect(expected.isEmpty)
  }

  @Test(arguments: TrainingFixture.all)
  func `twenty steps of descent are PyTorch's`(_ fixture: TrainingFixture) throws {
    let c = try Case(fixture)
    let expected = try #require(c.tensors["sgd"]).floats()
    #expect(distance(try c.losses(c.plan(descent, rate: 0.02)), expected) < 1e-3)
    let nesterov = Optimizer.sgd(momentum: 0.9, nesterov: true, weightDecay: 5e-3)
    let others = try #require(c.tensors["nesterov"]).floats()
    #expect(distance(try c.losses(c.plan(nesterov, rate: 0.02)), others) < 1e-3)
  }

  @Test(arguments: TrainingFixture.all)
  func `twenty steps of AdamW are PyTorch's`(_ fixture: TrainingFixture) throws {
    let c = try Case(fixture)
    let expected = try #require(c.tensors["adamw"]).floats()
    let losses = try c.losses(c.plan(.adamW(weightDecay: 0.05), rate: 2e-3))
    #expect(distance(losses, expected) < 1e-3)
  }

  @Test(arguments: TrainingFixture.all)
  func `class weights, smoothing and a teacher are PyTorch's`(_ fixture: TrainingFixture) throws {
    let c = try Case(fixture)
    var plan = c.plan(descent, rate: 0.02)
    plan.targets.classWeights = c.tensors["class_weights"]?.floats().map(Double.init)
    plan.targets.labelSmoothing = 0.1
    let smooth = try #require(c.tensors["smooth_loss"]).floats()[0]
    let own = try c.trainer(plan).step(c.x, labels: c.labels).loss
    #expect(abs(Float(own) - smooth) < 1e-5)
    plan.targets = LossTargets()
    plan.targets.distillation = .init(temperature: 3, share: 0.4)
    let expected = try #require(c.tensors["distilled_loss"]).floats()[0]
    let distilled = try c.trainer(plan).step(
      c.x, labels: c.labels, teacher: c.tensors["teacher"]
    ).loss
    #expect(abs(Float(distilled) - expected) < 3e-5)
  }

  @Test(arguments: TrainingFixture.all.filter { $0.name.hasSuffix("_batch") })
  func `stored statistics follow those of the batches`(_ fixture: TrainingFixture) throws {
    let c = try Case(fixture)
    let trainer = try c.trainer(c.plan(descent, rate: 0.02))
    _ = try trainer.step(c.x, labels: c.labels)
    let trained = trainer.trained
    for (key, expected) in c.tensors where key.hasPrefix("statistics/") {
      let id = try #require(trained.value(named: String(key.dropFirst("statistics/".count))))
      let found = try #require(trained.constant(id)).floats()
      #expect(distance(found, expected.floats()) < 1e-5, "\(key)")
    }
  }

  @Test(arguments: TrainingFixture.all)
  func `a restored state goes on to the same bits`(_ fixture: TrainingFixture) throws {
    let c = try Case(fixture)
    let plan = c.plan(.adamW(), rate: 1e-3)
    let (whole, first) = (try c.trainer(plan), try c.trainer(plan))
    for _ in 0..<6 { _ = try whole.step(c.x, labels: c.labels) }
    for _ in 0..<3 { _ = try first.step(c.x, labels: c.labels) }
    let second = try c.trainer(plan)
    let state = try #require(TrainingState(bytes: first.state.bytes))
    #expect(state == first.state)
    #expect(second.restore(state))
    for _ in 0..<3 { _ = try second.step(c.x, labels: c.labels) }
    #expect(second.state.bytes == whole.state.bytes)
  }

  @Test func `the trained graph gives the trainer's loss`() throws {
    let c = try Case(TrainingFixture(name: "residual_frozen"))
    let plan = c.plan(descent, rate: 0.02)
    let trainer = try c.trainer(plan)
    let first = try trainer.step(c.x, labels: c.labels).loss
    for _ in 0..<5 { _ = try trainer.step(c.x, labels: c.labels) }
    let next = try trainer.step(c.x, labels: c.labels).loss
    #expect(next < first)
    var again = c.plan(descent, rate: 0.02)
    again.layers = .last(1)
    let head = try NetworkTrainer(trainer.trained, batch: c.labels.count, again)
    #expect(head.weights.map { trainer.trained[$0.value].name } == ["fc.weight", "fc.bias"])
    #expect(try head.step(c.x, labels: c.labels).loss < next)
  }

  @Test func `batches may differ in size`() throws {
    let c = try Case(TrainingFixture(name: "concat"))
    let trainer = try c.trainer(c.plan(descent, rate: 0.02))
    let part = c.x.sliced(axis: 0, 0..<2)
    #expect(try trainer.step(part, labels: Array(c.labels[..<2])).loss.isFinite)
    #expect(try trainer.step(c.x, labels: c.labels).loss.isFinite)
  }

  @Test func `a gradient that is too long keeps its direction`() throws {
    let c = try Case(TrainingFixture(name: "vgg"))
    func move(_ bound: Double?) throws -> [Float] {
      var plan = c.plan(.sgd(momentum: 0), rate: 1)
      plan.gradientBound = bound
      let trainer = try c.trainer(plan)
      func numbers() -> [Float] {
        trainer.weights.flatMap { trainer.trained.constant($0.value)?.floats() ?? [] }
      }
      let before = numbers()
      _ = try trainer.step(c.x, labels: c.labels)
      return zip(numbers(), before).map { $0 - $1 }
    }
    func length(_ numbers: [Float]) -> Float {
      numbers.reduce(0) { $0 + $1 * $1 }.squareRoot()
    }
    let (free, cut) = (try move(nil), try move(0.01))
    #expect(length(free) > 0.02)
    #expect(abs(length(cut) - 0.01) < 1e-4)
    let cosine = zip(free, cut).reduce(0) { $0 + $1.0 * $1.1 } / (length(free) * length(cut))
    #expect(cosine > 0.999)
    #expect(try move(1e6) == free)
  }

  @Test func `a loss that is no number ends training and leaves the weights`() throws {
    let c = try Case(TrainingFixture(name: "vgg"))
    let trainer = try c.trainer(c.plan(descent, rate: 0.02))
    _ = try trainer.step(c.x, labels: c.labels)
    let before = trainer.state
    var numbers = c.x.floats()
    numbers[0] = .infinity
    let error = #expect(throws: TrainingDivergence.self) {
      try trainer.step(Tensor(numbers, shape: c.x.shape), labels: c.labels)
    }
    #expect(error?.step == 2)
    #expect(trainer.state == before)
  }

  @Test func `states of another network or cut short are refused`() throws {
    let (a, b) = (
      try Case(TrainingFixture(name: "vgg")), try Case(TrainingFixture(name: "concat"))
    )
    let plan = a.plan(descent, rate: 0.02)
    let state = try a.trainer(plan).state
    #expect(try !b.trainer(plan).restore(state))
    #expect(TrainingState(bytes: state.bytes.dropLast()) == nil)
    #expect(TrainingState(bytes: []) == nil)
    #expect(TrainingState(bytes: [UInt8](repeating: 255, count: 64)) == nil)
  }
}
