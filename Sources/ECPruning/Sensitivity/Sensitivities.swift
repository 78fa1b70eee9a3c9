/// What removing channels of each group alone does to the outputs, measured at several shares.
public struct Sensitivities: Sendable, Equatable {
  /// What is to be saved where groups compete.
  public enum Saving: Sendable {
    /// Multiply-accumulates.
    case macs
    /// Elements of weights.
    case parameters
  }

  /// One measurement.
  public struct Point: Sendable, Equatable {
    /// The share to remove that was asked for.
    public var ratio: Double
    /// How many channels were kept.
    public var kept: Int
    /// The whole model's parameters and multiply-accumulates with that.
    public var parameters: Int
    public var macs: Int
    /// The root mean square of the scores' change, relative to that of the scores.
    public var change: Double
    /// The share of samples whose largest score is still that of the same class.
    public var agreement: Double
    /// The share of samples that are told right; `nil` without labels.
    public var accuracy: Double?

    /// Joins the figures; shares are rounded to six decimals, as the file has them.
    public init(
      ratio: Double, kept: Int, parameters: Int, macs: Int, change: Double, agreement: Double,
      accuracy: Double? = nil
    ) {
      (self.ratio, self.kept, self.parameters, self.macs) = (ratio, kept, parameters, macs)
      self.change = Self.rounded(change)
      self.agreement = Self.rounded(agreement)
      self.accuracy = accuracy.map(Self.rounded)
    }

    private static func rounded(_ number: Double) -> Double { (number * 1e6).rounded() / 1e6 }
  }

  /// The measurements of one group.
  public struct Group: Sendable, Equatable {
    /// The layers that make the group's channels, in the model's order.
    public var layers: [String]
    /// How many channels the group has.
    public var channels: Int
    /// The measurements by growing share.
    public var points: [Point]

    /// Joins the fields.
    public init(layers: [String], channels: Int, points: [Point]) {
      (self.layers, self.channels, self.points) = (layers, channels, points)
    }
  }

  /// The whole model's parameters and multiply-accumulates.
  public var parameters: Int
  public var macs: Int
  /// The groups in the model's order.
  public var groups: [Group]

  /// Joins the fields.
  public init(parameters: Int, macs: Int, groups: [Group]) {
    (self.parameters, self.macs, self.groups) = (parameters, macs, groups)
  }

  /// The measurements of every prunable group of a model, by group id.
  ///
  /// Several groups of the same layers are meant in their order.
  /// - Throws: `PruningError.noSensitivity` for a group that wasn't measured.
  func byGroup(of channels: ChannelGroups) throws(PruningError) -> [Int: Curve] {
    var open: [[String]: [Group]] = [:]
    for group in groups.reversed() { open[group.layers.sorted(), default: []].append(group) }
    var found: [Int: Curve] = [:]
    for group in channels.prunable {
      guard let own = open[group.layers.sorted()]?.popLast(), own.channels == group.channels,
        !own.points.isEmpty
      else { throw PruningError(.noSensitivity(layers: group.layers)) }
      found[group.id] = Curve(own, parameters: parameters, macs: macs)
    }
    return found
  }

  /// How the damage of one group grows with what is removed.
  ///
  /// Errors of groups that are pruned together add up in their squares, so the damage is the square of
  /// the change.
  struct Curve {
    /// The share removed up to which a slope holds, and damage per removed share.
    private var pieces: [(end: Double, slope: Double)] = []
    /// What one removed share of the group saves of the model, by what is saved.
    private let saved: (parameters: Double, macs: Double)

    init(_ group: Group, parameters: Int, macs: Int) {
      var (share, damage, steepest) = (0.0, 0.0, 0.0)
      var savings = (parameters: 0.0, macs: 0.0)
      for point in group.points {
        let removed = 1 - Double(point.kept) / Double(group.channels)
        guard removed > share else { continue }
        let now = point.change * point.change
        // What is gone can't hurt less than what was gone before: dips are noise.
        steepest = max(steepest, (now - damage) / (removed - share), 1e-12)
        pieces.append((removed, steepest))
        (share, damage) = (removed, max(damage, now))
        savings = (
          Double(parameters - point.parameters) / removed, Double(macs - point.macs) / removed
        )
      }
      // Beyond what was measured it gets worse still.
      pieces.append((1, 2 * steepest))
      saved = savings
    }

    /// What removing the unit at each rank costs beside those behind it, for what it saves.
    func standing(of channels: Int, saving: Saving) -> [Double] {
      let saved = max(saving == .macs ? self.saved.macs : self.saved.parameters, 1)
      return (0..<channels).map { rank in
        let removed = (Double(channels - rank) - 0.5) / Double(channels)
        let slope = pieces.first { removed <= $0.end }?.slope ?? pieces[pieces.count - 1].slope
        return slope / saved
      }
    }
  }
}
