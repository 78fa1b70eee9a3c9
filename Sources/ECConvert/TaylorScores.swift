import ECExecution
import ECFineTune
import ECGraph
import ECPasses
import ECPruning
import ECTensor

/// Ranks channels by how much the loss on samples with classes would change without them, to first
/// order.
///
/// A channel is taken away where it is read. So its score is `|Σ activation · gradient|`, the sum over
/// the positions at all its readers, the gradient being that through the reader alone; then the mean
/// over the samples. Source: P. Molchanov et al., *Pruning Convolutional Neural Networks for Resource
/// Efficient Inference*, 2017, equation 8.
///
/// The loss is the cross entropy of the model's own classifier where it knows these classes; else that
/// of a new classifier, learnt on the features of the same samples.
struct TaylorScores {
  let options: ConversionOptions
  let threads: Int

  /// The scores and how they came about.
  struct Outcome {
    /// One score per unit and group.
    let scores: [[Double]]
    /// For the report.
    let description: FormatObject
    /// Remarks for the user.
    let notes: [String]
  }

  /// The samples that run at once.
  private static let batch = 8

  /// Scores all units.
  /// - Throws: `ConversionFault.noLabels` without classes; `ExecutionError` with all operators that
  ///   have no gradient.
  func run(
    on graph: Graph, _ groups: ChannelGroups, _ sites: [ReadingSite], _ source: SourceModel
  ) throws -> Outcome {
    let samples = try LabelledSamples(options, source, graph: graph, threads: threads)
    var network = graph
    if let output = graph.outputs.first { network.setOutputs([output]) }
    let isOwn = try knows(samples, network)
    if !isOwn { network = try withClassifier(for: samples, network, source.layout) }
    let tapped = places(of: sites, from: graph, in: network)
    let (scores, isMeasured) = try scores(samples, network, tapped, groups)
    var notes = samples.broken.map { "skipped \($0.place): \($0.what)" }
    var filled = scores
    let missing = groups.prunable.filter { !isMeasured[$0.id] }
    if !missing.isEmpty {
      let norms = try Importance(.l2, of: groups, in: graph, threads: threads)
      for group in missing { filled[group.id] = norms.groups[group.id].scores }
      notes.append("layers that the loss doesn't depend on are ranked by L2 norm")
    }
    return Outcome(
      scores: filled,
      description: [
        "samples": .int(samples.labels.count), "classes": .int(samples.classes.count),
        "classifier": .string(isOwn ? "model" : "new"),
      ], notes: notes)
  }

  // MARK: The loss

  /// Whether the model tells these classes already: by their names where it has names, else by being
  /// right about half of the samples at least.
  private func knows(_ samples: LabelledSamples, _ graph: Graph) throws -> Bool {
    let count = samples.classes.count
    guard let output = graph.outputs.first, graph[output].type.shape.last?.value == count,
      graph[output].type.fixedShapeAfterBatch?.reduce(1, *) == count
    else { return false }
    if let names = graph.classes { return names == samples.classes }
    let scores = try values(of: output, in: graph, samples.input)
    let hits = samples.labels.enumerated().count { k, label in
      let row = scores[(k * count)..<((k + 1) * count)]
      return row.firstIndex(of: row.max() ?? 0) == k * count + label
    }
    return 2 * hits >= samples.labels.count
  }

  /// The network with a classifier for the samples' classes in the place of its own.
  private func withClassifier(
    for samples: LabelledSamples, _ graph: Graph, _ layout: ImageLayout
  ) throws -> Graph {
    var network = graph
    let site = try Classifier(in: network).prepare(&network, layout: layout)
    let rows = try values(of: site.features, in: network, samples.input)
    let width = site.width
    var trainer = HeadTrainer()
    if let decay = options.fineTune?.weightDecay { trainer.weightDecay = decay }
    trainer.threads = threads
    let head = try trainer.train(
      HeadTrainer.Material(
        train: LabelledFeatures(rows: rows, width: width, labels: samples.labels),
        validation: LabelledFeatures(rows: [], width: width, labels: []),
        classCount: samples.classes.count)
    ) { _, _ in }.head
    try site.fill(
      &network, kernel: Tensor(head.kernel, shape: [samples.classes.count, width]),
      bias: Tensor(head.bias, shape: [samples.classes.count]))
    return network
  }

  // MARK: Running

  /// The samples that run at once, and their shape.
  private func shape(_ input: Tensor, _ graph: Graph) -> [Int] {
    let fixed = graph.inputs.first.flatMap { graph[$0].type.shape.first?.value }
    let batch = fixed ?? min(TaylorScores.batch, input.shape[0])
    return [batch] + input.shape.dropFirst()
  }

  /// Samples in parts of one size, the last filled with the first samples.
  private func forEachPart(
    of input: Tensor, _ shape: [Int], _ body: (Tensor, [Int]) throws -> Void
  ) rethrows {
    let (count, batch) = (input.shape[0], shape[0])
    for start in stride(from: 0, to: count, by: batch) {
      let rows = (start..<start + batch).map { $0 % count }
      try body(
        input.gathered(axis: 0, rows), Array(start..<min(start + batch, count)))
    }
  }

  /// The elements of a value on all samples.
  private func values(of value: ValueID, in graph: Graph, _ input: Tensor) throws -> [Float] {
    let shape = shape(input, graph)
    let evaluator = try Evaluator(
      graph: graph, inputShapes: [shape], outputs: [value], threads: threads)
    var found: [Float] = []
    try forEachPart(of: input, shape) { part, rows in
      guard let result = try evaluator.run([part]).first else { return }
      found += result.floats().prefix(result.count / shape[0] * rows.count)
    }
    return found
  }

  // MARK: Readers

  /// What stands along an operand's axis.
  private struct Place {
    let reading: Reading
    let axis: Int
    let units: [ChannelUnit?]
  }

  /// The reading sites in the network that has the loss; where a new classifier took the place of what
  /// read a value, it is the new one that reads.
  private func places(
    of sites: [ReadingSite], from graph: Graph, in network: Graph
  ) -> [Place] {
    let (old, present) = (Set(graph.order), Set(network.order))
    let readers = network.consumers()
    var places: [Place] = []
    var known: Set<Reading> = []
    for site in sites {
      let reading = Reading(node: site.node, operand: site.operand)
      let own =
        present.contains(site.node)
        ? [reading]
        : (readers[site.value] ?? []).filter { !old.contains($0.node) }
          .map { Reading(node: $0.node, operand: $0.operand) }
      for reading in own where known.insert(reading).inserted {
        places.append(Place(reading: reading, axis: site.axis, units: site.units))
      }
    }
    return places
  }

  private func scores(
    _ samples: LabelledSamples, _ network: Graph, _ places: [Place], _ groups: ChannelGroups
  ) throws -> (scores: [[Double]], isMeasured: [Bool]) {
    let shape = shape(samples.input, network)
    var request = GradientEvaluator.Request()
    request.readings = places.map { ($0.reading, $0.axis) }
    request.threads = threads
    let evaluator = try GradientEvaluator(graph: network, inputShapes: [shape], request)
    let classCount = evaluator.classCount
    var isMeasured = [Bool](repeating: false, count: groups.groups.count)
    for (place, shape) in zip(places, evaluator.readingShapes) where shape[0] > 0 {
      for case let unit? in place.units { isMeasured[unit.group] = true }
    }
    var scores = groups.groups.map { [Double](repeating: 0, count: $0.channels) }
    try forEachPart(of: samples.input, shape) { part, rows in
      var targets = [Float](repeating: 0, count: shape[0] * classCount)
      for (k, row) in rows.enumerated() { targets[k * classCount + samples.labels[row]] = 1 }
      let found = try evaluator.gradients(
        [part], targets: Tensor(targets, shape: [shape[0], classCount]))
      var slopes = scores.map { [Double](repeating: 0, count: $0.count * rows.count) }
      for case (let place, let slope?) in zip(places, found.readings) {
        add(slope, at: place, batch: shape[0], count: rows.count, to: &slopes)
      }
      for (id, own) in slopes.enumerated() {
        for (k, slope) in own.enumerated() { scores[id][k / rows.count] += abs(slope) }
      }
    }
    let count = Double(samples.labels.count)
    return (scores.map { $0.map { $0 / count } }, isMeasured)
  }

  /// Adds what one reader says of the first `count` of `batch` samples; a sample may be several rows.
  private func add(
    _ slope: Tensor, at place: Place, batch: Int, count: Int, to slopes: inout [[Double]]
  ) {
    let numbers = slope.floats()
    let (rows, extent) = (slope.shape[0], slope.shape[1])
    let perSample = max(1, rows / batch)
    for row in 0..<min(rows, perSample * count) {
      for (position, unit) in place.units.enumerated() {
        guard let unit else { continue }
        slopes[unit.group][unit.index * count + row / perSample] +=
          Double(numbers[row * extent + position])
      }
    }
  }
}
