import ECCentrality
import ECDiagnostics
import ECExecution
import ECGraph
import ECPruning
import ECTensor

/// Finds channel groups, ranks them, decides, mends and removes.
struct PruningStage {
  let options: ConversionOptions
  let threads: Int
  /// Whether a layer that is called several times must stay one layer, as Keras writes it.
  var keepsLayers = false
  /// Where images of the result keep their channels; `nil` is as in the source.
  var resultLayout: ImageLayout?
  /// What a target on the result needs to know of it.
  var measures: ResultMeasures?

  /// What pruning gives.
  struct Result {
    /// The slim graph, in the layout of the source.
    let graph: Graph
    /// The whole graph that the slim one is a part of: the source, with mended weights if any.
    let reference: Graph
    /// The decision as JSON.
    let planText: String
    let groups: ChannelGroups
    let removal: RemoveChannels
    let lost: [RemoveChannels.Lost]
    let importance: Importance?
    let keeps: [[Int]]
    let options: ConversionOptions
    let layout: ImageLayout
    let resultLayout: ImageLayout
    let criterion: String
    /// What was measured on, if anything was.
    let calibration: FormatObject?
    /// Which labelled samples ranked, if any did.
    let labels: FormatObject?
    /// What was done about what pruning broke.
    let mended: RepairStage.Outcome
    let decision: Decision

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

  /// All that is known before anything is decided.
  struct Prepared {
    /// The source, ready to be cut.
    let reference: Graph
    let groups: ChannelGroups
    let sites: [ReadingSite]
    let measured: Measured?
    let criterion: Criterion
    /// The ranking; `nil` where a plan is replayed.
    let importance: Importance?
    let repair: ConversionOptions.Repair
    let layout: ImageLayout
    /// Which labelled samples ranked, if any did.
    let labels: FormatObject?
  }

  /// What was decided, and what was found out on the way.
  struct Decision {
    var plan: PruningPlan
    /// What can be reached of each quantity, for the report.
    var reachable: FormatObject = [:]
    /// What was measured to meet a target, for the report.
    var search: FormatObject?
    /// The sensitivities that groups competed by.
    var sensitivities: Sensitivities?
  }

  func run(_ source: SourceModel, warnings: inout [String]) throws -> Result {
    let prepared = try prepare(source, warnings: &warnings)
    var decision: Decision
    if let path = options.plan {
      decision = Decision(plan: try PlanFile.read(path))
    } else {
      decision = try PlanSearch(stage: self, prepared: prepared, source: source)
        .decide(&warnings)
    }
    return try apply(decision, to: prepared, warnings: &warnings)
  }

  /// Finds the groups, measures and ranks.
  func prepare(_ source: SourceModel, warnings: inout [String]) throws -> Prepared {
    try RepairStage.check(options)
    var reference = source.graph
    if !keepsLayers { _ = try UnshareVectors().run(on: &reference) }
    let groups = ChannelGroups(reference)
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
    if options.plan == nil {
      let ranked = try Importance(
        criterion, of: groups, in: reference, statistics: statistics, threads: threads)
      warnings += ranked.notes
      importance = ranked
    }
    let repair = options.repair ?? standardRepair(reference, statistics != nil, &warnings)
    return Prepared(
      reference: reference, groups: groups, sites: sites, measured: measured,
      criterion: criterion, importance: importance, repair: repair, layout: source.layout,
      labels: taylor?.description)
  }

  /// Mends and removes what a decision says.
  func apply(
    _ decision: Decision, to prepared: Prepared, warnings: inout [String]
  ) throws -> Result {
    let plan = decision.plan
    let keeps = try plan.keeps(in: prepared.groups)
    if options.plan == nil, let words = reasonForNothing(prepared.groups, keeps) {
      warnings.append(words)
    }
    let cut = try cut(plan, prepared, repair: prepared.repair)
    let mended = cut.mended
    warnings += mended.notes
    return Result(
      graph: cut.slim, reference: mended.reference,
      planText: planText(plan, cut.groups, prepared.importance), groups: cut.groups,
      removal: cut.removal, lost: cut.lost, importance: prepared.importance, keeps: keeps,
      options: options,
      layout: prepared.layout, resultLayout: resultLayout ?? prepared.layout,
      criterion: options.plan == nil ? prepared.criterion.name : "plan",
      calibration: prepared.measured?.inputs.description, labels: prepared.labels, mended: mended,
      decision: decision)
  }

  /// What is left after mending and removing.
  struct CutGraph {
    let slim: Graph
    let mended: RepairStage.Outcome
    let groups: ChannelGroups
    let removal: RemoveChannels
    let lost: [RemoveChannels.Lost]
  }

  /// Mends and removes what a plan says.
  /// - Parameter keepsNorms: whether batch normalizations stay as they are, whatever the options say.
  func cut(
    _ plan: PruningPlan, _ prepared: Prepared, repair: ConversionOptions.Repair,
    keepsNorms: Bool = false
  ) throws -> CutGraph {
    var options = options
    if keepsNorms { options.batchNorm = .keep }
    let mended = try RepairStage(options: options, repair: repair, threads: threads).run(
      on: prepared.reference, prepared.groups, prepared.sites, plan, prepared.measured)
    // A layer may have a bias now that it hadn't: it is cut with the others.
    let whole = mended.slimSource ?? mended.reference
    let groups = ChannelGroups(whole)
    let removal = try RemoveChannels(plan, from: groups)
    var slim = whole
    let lost = try removal.apply(to: &slim)
    return CutGraph(slim: slim, mended: mended, groups: groups, removal: removal, lost: lost)
  }

  /// What is done for the layers behind removed channels unless the user says otherwise.
  ///
  /// On samples of the user's own `sequential` is the most accurate by far; what is drawn is only like
  /// them, and there the default stays quick.
  private func standardRepair(
    _ graph: Graph, _ hasStatistics: Bool, _ warnings: inout [String]
  ) -> ConversionOptions.Repair {
    guard graph.initializers.contains(where: { $0.tensor.quantization != nil }) else {
      guard hasStatistics else { return .bias }
      if case .path = options.calibration, options.batchNorm != .recalibrate { return .sequential }
      return .merge
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
    if options.plan != nil { return false }
    return [nil, .centrality, .obs].contains(options.criterion)
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

  /// What decides how many channels stay.
  func builder() -> PlanBuilder {
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
    let savesParameters = options.targetParameters != nil || options.targetSize != nil
    builder.saving = savesParameters ? .parameters : .macs
    let scope = options.scope ?? (options.hasTarget ? .isomorphic : .local)
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
