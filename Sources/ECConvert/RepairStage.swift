import ECCentrality
import ECDiagnostics
import ECExecution
import ECGraph
import ECPruning
import ECTensor

/// Mends, without labels, what a plan breaks.
struct RepairStage {
  let options: ConversionOptions
  let repair: ConversionOptions.Repair
  let threads: Int

  /// What was done.
  struct Outcome {
    let repair: ConversionOptions.Repair
    let batchNorm: ConversionOptions.BatchNorm
    /// The graph that the slim one is a part of once its masks are set.
    var reference: Graph
    /// The graph that channels are removed from, where it isn't the reference.
    var slimSource: Graph?
    /// The numbers that stand in for removed channels, where biases took them over exactly.
    var fills: [ChannelUnit: Float] = [:]
    /// The means that stand in for removed channels, approximately.
    var means: [ChannelUnit: Float] = [:]
    /// The layers that read pruned channels, and how far they are from what they gave.
    var layers: [MendedLayer] = []
    /// Remarks for the user.
    var notes: [String] = []
  }

  /// Refuses what can't go together, before anything is measured.
  static func check(_ options: ConversionOptions) throws {
    if options.repair == .sequential && options.batchNorm == .recalibrate {
      throw ConversionFault(
        .options(
          "'recalibrate' doesn't go with '--repair sequential', which has fitted every layer to the "
            + "statistics that are stored; use keep"), at: .option("--batchnorm"))
    }
    guard options.calibration == ConversionOptions.Calibration.none else { return }
    for repair in [ConversionOptions.Repair.merge, .sequential] where options.repair == repair {
      throw ConversionFault(
        .options("'\(repair.rawValue)' needs --calibration"), at: .option("--repair"))
    }
    if options.batchNorm != .keep {
      throw ConversionFault(
        .options("'\(options.batchNorm.rawValue)' needs --calibration"), at: .option("--batchnorm"))
    }
  }

  /// Mends a graph.
  func run(
    on graph: Graph, _ groups: ChannelGroups, _ sites: [ReadingSite], _ plan: PruningPlan,
    _ measured: PruningStage.Measured?
  ) throws -> Outcome {
    var outcome = Outcome(
      repair: repair, batchNorm: options.batchNorm, reference: graph)
    let kept = try plan.keeps(in: groups).map(Set.init)
    let keeps = { (unit: ChannelUnit) in kept[unit.group].contains(unit.index) }
    let merge = MergeRepair(
      groups, sites: sites, moments: measured?.moments ?? [], ridge: options.ridge)
    switch outcome.repair {
    case .none: outcome.layers = try merge.errors(in: graph, keeps: keeps)
    case .bias:
      let bias = BiasRepair(groups, sites: sites)
      outcome.fills = try bias.constants(
        of: graph, keeps: keeps, evaluate: { try Evaluator.result(of: $0, in: graph, on: $1) })
      outcome.means = bias.means(measured?.moments ?? [], of: graph, keeps: keeps)
        .filter { outcome.fills[$0.key] == nil }
      let fills = outcome.fills.merging(outcome.means) { exact, _ in exact }
      outcome.layers = try merge.errors(in: graph, keeps: keeps, fills: fills)
      // A mean that padding thins out is no filled operand: those biases are the reference's too.
      bias.fold(outcome.means, into: &outcome.reference)
      if !outcome.fills.isEmpty {
        // Exactly what the removed channels gave: the reference does without.
        var mended = outcome.reference
        bias.fold(outcome.fills, into: &mended)
        outcome.slimSource = mended
      }
    case .merge:
      outcome.layers = try merge.run(on: &outcome.reference, keeps: keeps)
    case .sequential: break
    }
    if outcome.repair == .sequential || options.batchNorm != .keep {
      guard let measured else {
        throw ConversionFault(
          .options("the model can't be run, and mending it needs its activations"),
          at: .option(outcome.repair == .sequential ? "--repair" : "--batchnorm"))
      }
      try step(from: graph, plan, measured.inputs, &outcome)
    }
    return outcome
  }

  private func step(
    from original: Graph, _ plan: PruningPlan, _ inputs: CalibrationInputs, _ outcome: inout Outcome
  ) throws {
    // The pruned network has what biases took over; from here on both are one.
    if let biased = outcome.slimSource {
      outcome.reference = biased
      outcome.slimSource = nil
    }
    outcome.fills = [:]
    outcome.means = [:]
    let mode: BatchNormRepair.Mode? =
      switch options.batchNorm {
      case .keep: nil
      case .paired: .paired
      case .recalibrate: .recalibrate
      }
    let done = try SteppedRepair(
      plan: plan, inputs: inputs, ridge: outcome.repair == .sequential ? options.ridge : nil,
      normalization: mode, threads: threads
    ).run(on: &outcome.reference, original: original)
    outcome.layers += done.layers
    outcome.notes += done.notes
    if mode != nil && done.normalizations == 0 {
      outcome.notes.append(
        "--batchnorm \(options.batchNorm.rawValue) changes nothing: no batch normalization reads "
          + "pruned channels" + (mode == .recalibrate ? " (folded ones can be 'paired')" : ""))
    } else if mode == .recalibrate {
      outcome.notes.append(
        "batch normalizations were recalibrated on few images, which harms a pretrained network "
          + "whose classifier stays; 'paired' is the safe form")
    }
  }

  /// A layer's error in the report.
  static func report(_ layer: MendedLayer) -> FormatValue? {
    layer.error.map {
      .object([
        "layer": .string(layer.layer), "before": .float(rounded($0.before)),
        "after": .float(rounded($0.after)),
      ])
    }
  }

  private static func rounded(_ number: Double) -> Double { (number * 1e6).rounded() / 1e6 }
}
