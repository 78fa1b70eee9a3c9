import ECDiagnostics
import ECExecution
import ECGraph
import ECPruning
import ECTensor

/// Samples without labels that statistics are taken on.
struct CalibrationInputs {
  private let samples: Tensor

  /// Reads what the options name; `nil` if they name nothing.
  /// - Throws: `ConversionFault` if the data doesn't fit the model.
  init?(_ options: ConversionOptions, _ graph: Graph) throws {
    guard case .file(let path) = options.calibration else { return nil }
    guard graph.inputs.count == 1, let input = graph.inputs.first else {
      throw ConversionFault(
        .calibration("the model has \(graph.inputs.count) inputs; one is supported"),
        at: .option("--calibration"))
    }
    let tensor = try NumpyFile.read(path)
    let type = graph[input].type
    let fits =
      tensor.shape.count == type.rank
      && zip(tensor.shape, type.shape).dropFirst().allSatisfy { $1.value == nil || $0 == $1.value }
    guard fits, tensor.shape[0] >= 1 else {
      throw ConversionFault(
        .calibration("the array is \(tensor.shape), the model's input is \(type)"), at: .file(path))
    }
    samples = tensor
  }

  /// Mean and covariance of the channels at every site; `nil` where none can be taken.
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
    var statistics = ChannelStatistics(graph: graph, taps: taps, threads: threads)
    try statistics.add([samples], batch: batch(taps, graph))
    let found = statistics.moments()
    return zip(channels, tapOfSite).map { channels, tap in
      guard let channels, let tap else { return nil }
      return SiteMoments(channels, mean: found[tap].mean, covariance: found[tap].covariance)
    }
  }

  /// As many samples at once as keep the tapped activations below a quarter of a gigabyte.
  private func batch(_ taps: [ChannelTap], _ graph: Graph) -> Int {
    let perSample = taps.reduce(0) { sum, tap in
      sum + graph[tap.value].type.shape.dropFirst().reduce(4) { $0 * ($1.value ?? 64) }
    }
    return max(1, min(samples.shape[0], (256 << 20) / max(perSample, 1)))
  }
}
