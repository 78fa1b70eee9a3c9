import ECGraph
import ECPruning
import Glibc

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
      "barriers": .list(groups.barriers.map(\.formatValue)),
    ]
    object["labels"] = labels.map { .object($0) }
    if !decision.reachable.isEmpty { object["reachable"] = .object(decision.reachable) }
    if let search = decision.search { object["search"] = .object(search) }
    if let sensitivities = decision.sensitivities {
      object["sensitivities"] = sensitivities.formatObject["groups"]
    }
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
