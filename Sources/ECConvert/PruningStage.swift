import ECCentrality
import ECDiagnostics
import ECExecution
import ECGraph
import ECPruning
import ECTensor
import Glibc

/// Finds channel groups, ranks them, decides, mends and removes.
struct PruningStage {
  let options: ConversionOptions
  let threads: Int
  /// Whether a layer that is called several times must stay one layer, as Keras writes it.
  var keepsLayers = false
  /// Where images of the result keep their channels; `nil` is as in the source.
  var resultLayout: ImageLayout?

  /// What pruning gives.
  struct Result {
    /// The slim graph, in the layout of the source.
    let graph: Graph
    /// The whole graph that the slim one is a part of: the source, with mended weights if any.
    let reference: Graph
    /// The decision as JSON.
    let planText: String
    fileprivate let groups: ChannelGroups
    fileprivate let removal: RemoveChannels
    fileprivate let lost: [RemoveChannels.Lost]
    fileprivate let importance: Importance?
    fileprivate let keeps: [[Int]]
    fileprivate let options: ConversionOptions
    fileprivate let layout: ImageLayout
    fileprivate let resultLayout: ImageLayout
    fileprivate let criterion: String
    /// What was measured on, if anything was.
    fileprivate let calibration: FormatObject?
    /// Which labelled samples ranked, if any did.
    fileprivate let labels: FormatObject?
    /// What was done about what pruning broke.
    fileprivate let mended: RepairStage.Outcome

    /// The masks with which the reference computes what the slim graph does.
    func masks() -> [OperandMask] {
      var fillOf: [String: Tensor] = [:]
      if !mended.fills.isEmpty {
        for site in groups.readingSites(of: reference) {
          var shape = [Int](repeating: 1, count: reference[site.value].type.rank)
          shape[site.axis] = site.units.count
          let numbers = site.units.map { unit in unit.flatMap { mended.fills[$0] } ?? 0 }
          fillOf["\(site.node.index)/\(site.operand)"] = Tensor(numbers, shape: shape)
        }
      }
      return removal.masks(on: reference).map {
        OperandMask(
          node: $0.node, operand: $0.operand, mask: $0.mask,
          fill: fillOf["\($0.node.index)/\($0.operand)"])
      }
    }
  }

  /// What was seen of activations.
  struct Measured {
    /// The samples.
    let inputs: CalibrationInputs
    /// Mean and covariance of the channels, reading site by reading site.
    let moments: [SiteMoments?]
  }

  func run(_ source: SourceModel, warnings: inout [String]) throws -> Result {
    try RepairStage.check(options)
    var reference = source.graph
    if !keepsLayers { _ = try UnshareVectors().run(on: &reference) }
    var groups = ChannelGroups(reference)
    let sites = groups.readingSites(of: reference)
    var taylor: TaylorScores.Outcome?
    if options.criterion == .taylor && options.plan == nil {
      taylor = try TaylorScores(options: options, threads: threads).run(
        on: reference, groups, sites, source)
      warnings += taylor?.notes ?? []
    }
    let measured = try measure(reference, sites, source, &warnings)
    let statistics = measured.map {
      ActivationStatistics(groups, sites: sites, moments: $0.moments)
    }
    let criterion = try criterion(
      hasStatistics: statistics != nil, taylor: taylor?.scores, &warnings)
    var importance: Importance?
    let plan: PruningPlan
    if let path = options.plan {
      plan = try PlanFile.read(path)
    } else {
      let ranked = try Importance(
        criterion, of: groups, in: reference, statistics: statistics, threads: threads)
      warnings += ranked.notes
      plan = try builder().plan(for: groups, ranked: ranked, in: reference)
      importance = ranked
    }
    let keeps = try plan.keeps(in: groups)
    if options.plan == nil, let words = reasonForNothing(groups, keeps) { warnings.append(words) }
    let repair = options.repair ?? standardRepair(reference, statistics != nil, &warnings)
    let mended = try RepairStage(options: options, repair: repair, threads: threads).run(
      on: reference, groups, sites, plan, measured)
    warnings += mended.notes
    reference = mended.reference
    // A layer may have a bias now that it hadn't: it is cut with the others.
    groups = ChannelGroups(mended.slimSource ?? reference)
    let removal = try RemoveChannels(plan, from: groups)
    var slim = mended.slimSource ?? reference
    let lost = try removal.apply(to: &slim)
    return Result(
      graph: slim, reference: reference, planText: planText(plan, groups, importance),
      groups: groups, removal: removal,
      lost: lost, importance: importance, keeps: keeps, options: options, layout: source.layout,
      resultLayout: resultLayout ?? source.layout,
      criterion: options.plan == nil ? criterion.name : "plan",
      calibration: measured?.inputs.description, labels: taylor?.description, mended: mended)
  }

  /// What is done for the layers behind removed channels unless the user says otherwise.
  private func standardRepair(
    _ graph: Graph, _ hasStatistics: Bool, _ warnings: inout [String]
  ) -> ConversionOptions.Repair {
    guard graph.initializers.contains(where: { $0.tensor.quantization != nil }) else {
      return hasStatistics ? .merge : .bias
    }
    warnings.append(
      "weights are stored as whole numbers: they are cut but not repaired, so that they stay so "
        + "('--repair merge' writes the layers behind removed channels in float32)")
    return .none
  }

  // MARK: Calibration

  /// Whether anything is done with activations.
  private var needsActivations: Bool {
    if options.repair != ConversionOptions.Repair.none || options.batchNorm != .keep { return true }
    return options.plan == nil && [nil, .centrality, .obs].contains(options.criterion)
  }

  /// Takes statistics of activations; `nil` without data.
  ///
  /// Images are drawn unless the user says otherwise, and then a model that can't be run is pruned
  /// by its weights alone; data that the user names must work.
  private func measure(
    _ graph: Graph, _ sites: [ReadingSite], _ source: SourceModel, _ warnings: inout [String]
  ) throws -> Measured? {
    guard needsActivations else { return nil }
    do {
      let inputs = try CalibrationSource(
        options: options, graph: graph, layout: source.layout, threads: threads
      ).inputs()
      guard let inputs else { return nil }
      let moments = try inputs.moments(at: sites, of: graph, threads: threads)
      warnings += inputs.notes
      if options.calibration == nil {
        warnings.append(
          "calibrated on drawn images; a folder of real ones (--calibration DIR, 32 or more, no "
            + "labels) ranks and repairs better")
      }
      return Measured(inputs: inputs, moments: moments)
    } catch let error as any DiagnosticError where options.calibration == nil {
      warnings.append(
        "the model can't be run on drawn images, so weights alone decide: "
          + "\(error.place): \(error.what)")
      return nil
    }
  }

  /// The plan as JSON, with the scores it was decided on.
  private func planText(
    _ plan: PruningPlan, _ groups: ChannelGroups, _ importance: Importance?
  ) -> String {
    guard let importance else { return plan.json }
    // Several groups of the same layers are meant in their order.
    var used: Set<Int> = []
    let matching = plan.entries.map { entry -> ChannelGroup? in
      let group = groups.groups.first {
        $0.layers == entry.layers && $0.channels == entry.channels && !used.contains($0.id)
      }
      if let group { used.insert(group.id) }
      return group
    }
    let scores = matching.map { group in
      group.map { importance.groups[$0.id].scores.map { $0.isFinite ? $0 : 0 } } ?? []
    }
    let units = matching.map { $0.map(groups.units) ?? [:] }
    return plan.formatValue(scores: scores, units: units).json(indent: 2) + "\n"
  }

  // MARK: Options

  private func criterion(
    hasStatistics: Bool, taylor: [[Double]]?, _ warnings: inout [String]
  ) throws -> Criterion {
    let wanted = options.criterion ?? .centrality
    if (wanted == .centrality || wanted == .obs) && !hasStatistics && options.plan == nil {
      warnings.append(
        "'\(wanted.rawValue)' needs activations and --calibration gives none; L2 norms are used")
    }
    switch wanted {
    case .centrality: return .centrality
    case .obs: return .obs
    case .l1: return .l1
    case .l2: return .l2
    case .fpgm: return .fpgm
    case .bnScale: return .batchNormScale
    case .random: return .random(seed: options.seed)
    case .taylor: return .given(name: "taylor", scores: taylor ?? [])
    case .paper:
      return .paper(
        EigenvectorCentrality(
          threshold: try SimilarityThreshold(parsing: options.tau),
          sign: options.similarity == .absolute ? .absolute : .positive,
          direction: options.keep == .peripheral ? .peripheral : .central))
    }
  }

  private func builder() -> PlanBuilder {
    var builder = PlanBuilder()
    builder.ratio = options.pruningRatio
    builder.layerRatios = options.layerRatios.map { (Glob($0.glob), $0.ratio) }
    builder.exclude = options.exclude.map { Glob($0) }
    builder.only = options.only.map { Glob($0) }
    builder.rounding = options.roundTo.map { .multiple($0) } ?? .automatic
    builder.minimumChannels = options.minimumChannels
    builder.maximumLayerRatio = options.maximumLayerRatio
    if let target = options.targetMACs { builder.target = .macs(amount(target)) }
    if let target = options.targetParameters { builder.target = .parameters(amount(target)) }
    let scope = options.scope ?? (builder.target == nil ? .local : .isomorphic)
    builder.scope = PlanBuilder.Scope(rawValue: scope.rawValue) ?? .local
    return builder
  }

  private func amount(_ amount: ConversionOptions.Amount) -> PlanBuilder.Amount {
    switch amount {
    case .share(let share): .share(share)
    case .absolute(let number): .absolute(number)
    }
  }
}

/// Reads plans from files.
enum PlanFile {
  static func read(_ path: String) throws -> PruningPlan {
    let file = try MappedFile.opened(path)
    do throws(PruningError) {
      return try PruningPlan(json: file.withBytes { Array($0) })
    } catch {
      throw PruningError(error.reason, at: Place.file(path).appending(error.place))
    }
  }
}

extension PruningStage.Result {
  /// The report's part on pruning; names and axes are those of the final graph.
  func report(final: Graph) -> FormatObject {
    var object: FormatObject = [
      "criterion": .string(criterion), "ratio": .float(options.pruningRatio),
      "repair": .string(mended.repair.rawValue), "batchnorm": .string(mended.batchNorm.rawValue),
      "calibration": .object(calibration ?? ["source": .string("none")]),
      "prunableMACShare": .float((groups.prunableMACShare * 1e6).rounded() / 1e6),
      "groups": .list(groups.groups.filter(\.isPrunable).map { .object(report($0)) }),
      "tensors": .list(tensors(final).map { .object($0) }),
      "reconstruction": .list(mended.layers.compactMap(RepairStage.report)),
      "barriers": .list(
        groups.barriers.map {
          .object([
            "layer": .string($0.layer), "reason": .string($0.reason), "channels": .int($0.channels),
            "parameters": .int($0.parameters),
          ])
        }),
    ]
    object["labels"] = labels.map { .object($0) }
    return object
  }

  private func report(_ group: ChannelGroup) -> FormatObject {
    let members = group.members.map { groups.axes[$0] }.filter { $0.role != .follower }
    var seen: Set<String> = []
    var object: FormatObject = [
      "id": .int(group.id), "channels": .int(group.channels),
      "kept": .list(keeps[group.id].map { .int($0) }),
      "members": .list(
        members.compactMap { member -> FormatValue? in
          let side = member.role == .producer ? "output" : "input"
          guard seen.insert("\(member.layer) \(side)").inserted else { return nil }
          return .object(["layer": .string(member.layer), "axis": .string(side)])
        }),
    ]
    if let scores = importance?.groups[group.id].scores, scores.count == group.channels {
      // Five digits are more than the ranking rests on.
      object["scores"] = .list(scores.map { .float(Self.rounded($0)) })
    }
    if let facts = importance?.groups[group.id].graph {
      object["edges"] = .int(facts.edges)
      object["isolated"] = .int(facts.isolated)
      object["components"] = .int(facts.components)
      object["iterations"] = .int(facts.iterations)
      object["residual"] = .float(facts.residual)
      object["converged"] = .bool(facts.converged)
    }
    return object
  }

  private static func rounded(_ value: Double) -> Double {
    guard value != 0, value.isFinite else { return value.isFinite ? value : 0 }
    let scale = pow(10, 4 - log10(value.magnitude).rounded(.down))
    return scale.isFinite ? (value * scale).rounded() / scale : 0
  }

  /// Whether a node works on images in the layout of the result, and not as it was written.
  private func movesImages(_ id: NodeID) -> Bool {
    let node = reference[id]
    let operands = reference.operands(of: node)
    if case .keeps = node.op.relayout(operands, from: layout, to: resultLayout) {
      return false
    }
    return true
  }

  /// Every result that lost channels at the node that makes them, as the written model calls it.
  private func tensors(_ final: Graph) -> [FormatObject] {
    let present = Set(final.order)
    return lost.compactMap { entry -> FormatObject? in
      guard present.contains(entry.node) else { return nil }
      let value = final[final[entry.node].outputs[0]]
      let axis =
        value.type.rank == 4 && movesImages(entry.node)
        ? layout.axis(entry.axis, in: resultLayout, rank: 4) : entry.axis
      var object: FormatObject = [
        "name": .string(value.name), "axis": .int(axis),
        "keep": .list(entry.keep.map { .int($0) }),
      ]
      let exact = fill(of: entry.node, mended.fills)
      let means = fill(of: entry.node, mended.means)
      if !(exact.isEmpty && means.isEmpty) {
        object["fill"] = .object(exact.merging(means) { exact, _ in exact })
      }
      if !means.isEmpty {
        object["approximate"] = .list(means.keys.compactMap { Int($0) }.map { .int($0) })
      }
      return object
    }
  }

  /// The numbers that stand in for channels that a node made, by position.
  private func fill(of node: NodeID, _ fills: [ChannelUnit: Float]) -> FormatObject {
    guard let axis = groups.axes.first(where: { $0.node == node && $0.role == .producer }) else {
      return [:]
    }
    var fill: FormatObject = [:]
    for (position, unit) in axis.units.enumerated() {
      if let unit, let number = fills[unit] { fill["\(position)"] = .float(Double(number)) }
    }
    return fill
  }
}
