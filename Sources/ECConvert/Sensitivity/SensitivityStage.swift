import ECDiagnostics
import ECExecution
import ECFineTune
import ECGraph
import ECHash
import ECPruning
import ECTensor

/// Measures what removing channels of each group alone does to the outputs.
struct SensitivityStage {
  let stage: PruningStage
  let prepared: PruningStage.Prepared
  let source: SourceModel
  /// What judges by labels, where there are some.
  let meter: AccuracyMeter?
  let progress: (String, Double?) -> Void

  /// The bytes of activations that are held; beyond it fewer samples are looked at.
  private static let byteLimit = 1536 << 20
  /// The samples that run at once.
  private static let batch = 16

  private var options: ConversionOptions { stage.options }

  /// What is measured on.
  struct Samples {
    var inputs: [Tensor]
    var labels: [Int]?
    /// What the samples are, for the file.
    var description: FormatObject
  }

  /// Measures all groups, goes on where an earlier run was stopped, or takes what is measured already.
  /// - Parameter anyOptions: whether measurements with other options will do.
  /// - Throws: `ConversionFault` where the file is of another model or, unless forced, of other options.
  func run(anyOptions: Bool, warnings: inout [String]) throws -> SensitivityFile {
    let model = ContentHash(contentsOf: options.input).map { "\($0)" } ?? ""
    let known = try options.sensitivity.flatMap { try SensitivityFile.read($0) }
    if let known, let path = options.sensitivity, anyOptions, known.isComplete || !options.force {
      guard known.header.model == model else {
        throw ConversionFault(.otherSensitivities(isModel: true), at: .file(path))
      }
      if known.isComplete { return known }
    }
    let samples = try samples(&warnings)
    let header = header(model, samples)
    var file = SensitivityFile(
      header: header,
      sensitivities: Sensitivities(
        parameters: prepared.reference.parameterCount, macs: prepared.reference.macCount,
        groups: []),
      groupCount: prepared.groups.prunable.count)
    if let known, let path = options.sensitivity {
      if known.header.key == header.key {
        file.sensitivities.groups = known.sensitivities.groups
        if known.isComplete { return known }
        warnings.append(
          "goes on after \(known.sensitivities.groups.count) of \(known.groupCount) groups that "
            + "'\(path)' has already")
      } else if !options.force {
        throw ConversionFault(
          .otherSensitivities(isModel: known.header.model != model), at: .file(path))
      }
    }
    return try measure(samples, file)
  }

  // MARK: Samples

  private func samples(_ warnings: inout [String]) throws -> Samples {
    let graph = prepared.reference
    var samples: Samples
    if let meter {
      let found = meter.samples(options.calibrationCount)
      samples = Samples(
        inputs: [found.tensor], labels: found.labels,
        description: ["source": .string("labelled"), "samples": .int(found.labels.count)])
    } else {
      let inputs =
        try prepared.measured?.inputs
        ?? CalibrationSource(
          options: options, graph: graph, layout: source.layout, threads: stage.threads
        ).inputs()
      guard let inputs else {
        throw ConversionFault(
          .options("sensitivities need activations"), at: .option("--calibration"))
      }
      samples = Samples(inputs: inputs.whole, labels: nil, description: inputs.description)
      samples.description["samples"] = .int(inputs.whole.first?.shape.first ?? 0)
    }
    let count = samples.inputs.first?.shape.first ?? 0
    let stops = prepared.groups.prunable.compactMap { group in
      start(of: group).node.flatMap { graph[$0].outputs.first }
    }
    let shapes = samples.inputs.map { [1] + $0.shape.dropFirst() }
    let each = (try? SteppedRun.byteCountPerSample(graph, shapes: shapes, stops: stops)) ?? 0
    let most = max(1, Self.byteLimit / max(1, each))
    if most < count {
      warnings.append(
        "sensitivities look at \(most) of \(count) samples, whose activations fit the memory")
      samples.inputs = samples.inputs.map { $0.sliced(axis: 0, 0..<most) }
      samples.labels = samples.labels.map { Array($0.prefix(most)) }
      samples.description["samples"] = .int(most)
    }
    return samples
  }

  private func header(_ model: String, _ samples: Samples) -> SensitivityFile.Header {
    var fingerprint = Fingerprint()
    fingerprint.add(prepared.reference)
    for tensor in samples.inputs { tensor.forEachPiece { fingerprint.add($0) } }
    for label in samples.labels ?? [] { fingerprint.add(UInt64(label)) }
    let facts: FormatObject = [
      "criterion": .string(prepared.criterion.name), "repair": .string(repair.rawValue),
      "calibration": .object(samples.description),
      "ratios": .list(options.sensitivityRatios.map { .float($0) }),
    ]
    fingerprint.add(FormatValue.object(facts).json())
    let statistics = FormatValue.object(prepared.measured?.inputs.description ?? [:]).json()
    fingerprint.add(
      "\(statistics) \(options.ridge) \(options.minimumChannels) \(options.maximumLayerRatio) "
        + "\(options.roundTo ?? 0) \(options.seed)")
    let digits = String(fingerprint.value, radix: 16)
    return SensitivityFile.Header(
      model: model, key: String(repeating: "0", count: 16 - digits.count) + digits, facts: facts)
  }

  // MARK: Measuring

  /// What mends consumers for one group; refitting layer after layer would cost a run for each.
  private var repair: ConversionOptions.Repair {
    prepared.repair == .sequential ? .merge : prepared.repair
  }

  /// The first node in order that a group's cut changes, and its place.
  private func start(of group: ChannelGroup) -> (node: NodeID?, place: Int) {
    let nodes = Set(group.members.map { prepared.groups.axes[$0].node })
    let order = prepared.reference.order
    let place = order.firstIndex(where: nodes.contains)
    return (place.map { order[$0] }, place ?? order.count)
  }

  private func measure(_ samples: Samples, _ empty: SensitivityFile) throws -> SensitivityFile {
    let graph = prepared.reference
    var file = empty
    let groups = prepared.groups.prunable
    let first = groups.map { start(of: $0) }
    let order = groups.indices.sorted { (first[$0].place, $0) < (first[$1].place, $1) }
    // Changes of logits say more than those of probabilities.
    let outputs = graph.outputs.map { graph.logits(behind: $0) ?? $0 }
    let fixed = graph.inputs.first.flatMap { graph[$0].type.shape.first?.value }
    var run = HeldRun(
      graph, on: samples.inputs, batch: fixed ?? Self.batch, outputs: outputs,
      threads: stage.threads)
    let whole = Outputs(try run.results(of: graph), samples.labels)
    var done: [Int: Sensitivities.Group] = [:]
    // Finished groups stand in the file in the order in which they are measured.
    for (k, group) in zip(order, file.sensitivities.groups) { done[k] = group }
    file = SensitivityFile(
      header: SensitivityFile.Header(
        model: file.header.model, key: file.header.key, facts: file.header.facts,
        accuracy: whole.accuracy),
      sensitivities: file.sensitivities, groupCount: file.groupCount)
    let plans = try options.sensitivityRatios.map { try budget().plan(ratio: $0) }
    for (count, k) in order.enumerated() where done[k] == nil {
      progress("measuring sensitivities", Double(count) / Double(order.count))
      if let node = first[k].node { try run.advance(to: node) }
      var points: [Sensitivities.Point] = []
      for (ratio, plan) in zip(options.sensitivityRatios, plans) {
        let entry = plan.entries[k]
        if entry.keep.count == points.last?.kept ?? entry.channels { continue }
        var single = PruningPlan(entries: plan.entries)
        for other in single.entries.indices where other != k {
          single.entries[other].keep = Array(0..<single.entries[other].channels)
        }
        let cut = try stage.cut(single, prepared, repair: repair, keepsNorms: true)
        let found = Outputs(try run.results(of: cut.slim), samples.labels)
        points.append(
          Sensitivities.Point(
            ratio: ratio, kept: entry.keep.count, parameters: cut.slim.parameterCount,
            macs: cut.slim.macCount, change: found.change(from: whole),
            agreement: found.agreement(with: whole), accuracy: found.accuracy))
      }
      done[k] = Sensitivities.Group(
        layers: groups[k].layers, channels: groups[k].channels, points: points)
      file.sensitivities.groups = order.prefix(count + 1).compactMap { done[$0] }
      if let path = options.sensitivity { try file.write(to: path) }
    }
    if order.isEmpty, let path = options.sensitivity { try file.write(to: path) }
    return file
  }

  /// Plans without what the options say of single layers: every group is measured.
  private func budget() throws -> Budget {
    var builder = stage.builder()
    (builder.exclude, builder.only, builder.layerRatios) = ([], [], [])
    (builder.scope, builder.target) = (.local, nil)
    guard let importance = prepared.importance else {
      throw PruningError(.differentModel)
    }
    return try Budget(builder, prepared.groups, ranked: importance, in: prepared.reference)
  }
}

/// What a model gives for all samples.
private struct Outputs {
  private let values: [[Float]]
  /// The place of the largest score of every sample.
  private let best: [Int]
  private let labels: [Int]?

  init(_ tensors: [Tensor], _ labels: [Int]?) {
    values = tensors.map { $0.floats() }
    self.labels = labels
    let count = tensors.first?.shape.first ?? 0
    let width = (values.first?.count ?? 0) / max(count, 1)
    best = (0..<count).map { [values] sample in
      let own = values[0][(sample * width)..<((sample + 1) * width)]
      return own.max().flatMap { own.firstIndex(of: $0) }.map { $0 - own.startIndex } ?? -1
    }
  }

  /// The root mean square of the difference, relative to that of the reference, over all outputs.
  func change(from whole: Outputs) -> Double {
    var sum = 0.0
    for (own, reference) in zip(values, whole.values) {
      var (difference, size) = (0.0, 0.0)
      for (a, b) in zip(own, reference) {
        difference += Double(a - b) * Double(a - b)
        size += Double(b) * Double(b)
      }
      sum += size > 0 ? difference / size : difference > 0 ? 1 : 0
    }
    let mean = (sum / Double(max(values.count, 1))).squareRoot()
    // What overflows is as bad as can be told.
    return mean.isFinite ? mean : 1e6
  }

  func agreement(with whole: Outputs) -> Double {
    Double(zip(best, whole.best).count { $0 == $1 }) / Double(max(best.count, 1))
  }

  var accuracy: Double? {
    labels.map { labels in
      Double(zip(best, labels).count { $0 == $1 }) / Double(max(labels.count, 1))
    }
  }
}
