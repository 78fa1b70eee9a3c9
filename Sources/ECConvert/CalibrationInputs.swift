import ECDiagnostics
import ECExecution
import ECGraph
import ECImage
import ECPruning
import ECTensor

/// Samples without labels that statistics are taken on.
struct CalibrationInputs {
  /// Samples at a size that the whole graph accepts; one tensor per input.
  var whole: [Tensor]
  /// More of them at a smaller size, and the part of the graph that accepts it.
  var small: (part: ResizedGraph, inputs: [Tensor])?
  /// What the samples are, for the report.
  var description: FormatObject
  /// Remarks for the user.
  var notes: [String] = []

  /// Mean and covariance of the channels at every site; `nil` where none can be taken.
  ///
  /// A site that the small samples reach is measured on them alone: they are more.
  /// - Throws: `ExecutionError` if the graph can't be run.
  func moments(at sites: [ReadingSite], of graph: Graph, threads: Int) throws -> [SiteMoments?] {
    let unseen = graph.valuesBehindCarriedNodes
    let channels = sites.map { unseen.contains($0.value) ? nil : SiteChannels($0) }
    // Sites that read the same channels of the same value share one tap.
    var taps: [ChannelTap] = []
    var tapOfSite: [Int?] = []
    var known: [String: Int] = [:]
    for (site, channels) in zip(sites, channels) {
      guard let channels else {
        tapOfSite.append(nil)
        continue
      }
      let key = "\(site.value.index)/\(site.axis)"
      if known[key] == nil {
        known[key] = taps.count
        taps.append(
          ChannelTap(value: site.value, axis: site.axis, positions: channels.positions))
      }
      tapOfSite.append(known[key])
    }
    var found = [ChannelMoments?](repeating: nil, count: taps.count)
    let early = taps.indices.filter { small?.part.values.contains(taps[$0].value) ?? false }
    let late = taps.indices.filter { !early.contains($0) }
    if let small, !early.isEmpty {
      let moments = try measure(small.inputs, early.map { taps[$0] }, small.part.graph, threads)
      for (k, own) in zip(early, moments) { found[k] = own }
    }
    if !late.isEmpty {
      let moments = try measure(whole, late.map { taps[$0] }, graph, threads)
      for (k, own) in zip(late, moments) { found[k] = own }
    }
    return zip(channels, tapOfSite).map { channels, tap in
      guard let channels, let moments = tap.flatMap({ found[$0] }) else { return nil }
      return SiteMoments(channels, mean: moments.mean, covariance: moments.covariance)
    }
  }

  private func measure(
    _ inputs: [Tensor], _ taps: [ChannelTap], _ graph: Graph, _ threads: Int
  ) throws -> [ChannelMoments] {
    let fixed = graph.inputs.first.flatMap { graph[$0].type.shape.first?.value }
    var statistics = ChannelStatistics(graph: graph, taps: taps, threads: threads)
    let most = batch(inputs, taps, graph)
    do {
      try statistics.add(inputs, batch: most)
    } catch {
      // Some graphs have their batch in the shapes that they reshape to.
      guard let fixed, fixed < most else { throw error }
      statistics = ChannelStatistics(graph: graph, taps: taps, threads: threads)
      try statistics.add(inputs, batch: fixed)
    }
    return statistics.moments()
  }

  /// As many samples at once as keep the tapped activations below a quarter of a gigabyte.
  private func batch(_ inputs: [Tensor], _ taps: [ChannelTap], _ graph: Graph) -> Int {
    let perSample = taps.reduce(0) { sum, tap in
      sum + graph[tap.value].type.shape.dropFirst().reduce(4) { $0 * ($1.value ?? 64) }
    }
    return max(1, min(inputs.first?.shape.first ?? 1, (256 << 20) / max(perSample, 1)))
  }
}
