public import ECDiagnostics
import ECGraph

extension PruningError {
  public var what: String {
    switch reason {
    case .nothingMatches(let pattern, _): "no layer matches '\(pattern)'"
    case .ratio(let ratio): "the share to remove is \(ratio), expected 0 or more and less than 1"
    case .tooSmall(let name, let number): "\(name) is \(number), expected at least 1"
    case .unreachable(let quantity, let wanted, let reachable, let whole):
      "a target of \(wanted) \(quantity) can't be reached, the least is \(reachable) "
        + "(\(Quantity.percent(Double(reachable) / Double(max(whole, 1)))) of \(whole))"
    case .noSensitivity(let layers):
      "nothing was measured for the group of \(PruningError.list(layers))"
    case .sensitivitiesUnreadable(let text): "the sensitivities can't be read: \(text)"
    case .planUnreadable(let text): "the plan can't be read: \(text)"
    case .unknownGroup(let layers, _):
      "no prunable group of this model is made by \(PruningError.list(layers))"
    case .channelCount(let plan, let model):
      "the plan is for \(plan) channels, the model has \(model)"
    case .indexOutOfRange(let index, let count):
      "kept channel \(index) is outside the group's \(count) channels"
    case .notAscending(let index, let after):
      "kept channel \(index) follows \(after), expected ascending channels without repeats"
    case .belowMinimum(let kept, let minimum):
      "\(kept) channels are kept, expected at least \(minimum)"
    case .mustStay(let index, let reason): "channel \(index) can't be removed: \(reason)"
    case .emptyAxis: "all channels of an axis would be removed"
    case .differentModel: "the channel groups are those of another model"
    case .graph(let error): error.what
    case .scores(let text): text
    }
  }

  public var remedy: String? {
    switch reason {
    case .nothingMatches(_, let nearest), .unknownGroup(_, let nearest):
      nearest.isEmpty ? nil : "the nearest names are \(PruningError.list(nearest))"
    case .ratio: "for example 0.5 removes half of the channels"
    case .unreachable:
      "raise the target, relax the floors and exclusions, or take the least with --best-effort"
    case .noSensitivity: "measure anew: ecconvert sensitivity IN -o FILE"
    case .channelCount: "pass the model that the plan was made for"
    case .mustStay(let index, _): "add \(index) to the kept channels"
    case .emptyAxis, .belowMinimum: "keep more channels of this group"
    case .planUnreadable, .sensitivitiesUnreadable, .tooSmall, .indexOutOfRange, .notAscending,
      .differentModel, .graph,
      .scores:
      nil
    }
  }

  public var category: FaultCategory {
    switch reason {
    case .nothingMatches, .ratio, .tooSmall: .usage
    case .unreachable: .unreachable
    case .planUnreadable, .sensitivitiesUnreadable, .noSensitivity, .unknownGroup, .channelCount,
      .indexOutOfRange, .notAscending,
      .belowMinimum, .mustStay, .emptyAxis, .scores:
      .input
    case .differentModel: .internal
    case .graph(let error): error.category
    }
  }

  private static func list(_ names: [String]) -> String {
    names.map { "'\($0)'" }.joined(separator: ", ")
  }
}

extension PruningError.Reason {
  /// One of each kind, for the test of the messages.
  package static let samples: [Self] = [
    .nothingMatches(pattern: "cnov*", nearest: ["conv1", "conv2"]), .ratio(1.5),
    .tooSmall("the multiple", 0),
    .unreachable(quantity: "multiply-accumulates", wanted: 10, reachable: 250, whole: 1000),
    .noSensitivity(layers: ["conv1"]), .sensitivitiesUnreadable("a colon is missing at byte 3"),
    .planUnreadable("a colon is missing at byte 3"),
    .unknownGroup(layers: ["conv9"], nearest: ["conv1"]), .channelCount(plan: 64, model: 48),
    .indexOutOfRange(index: 70, count: 64), .notAscending(index: 3, after: 5),
    .belowMinimum(kept: 0, minimum: 1), .mustStay(index: 2, reason: "graph output"), .emptyAxis,
    .differentModel, .graph(GraphError(.noOutput)),
    .scores("channel 3 has weights or statistics that are not finite"),
  ]
}
