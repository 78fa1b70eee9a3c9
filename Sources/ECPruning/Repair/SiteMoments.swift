import ECGraph

/// Mean and covariance of the channels that one reading site sees.
public struct SiteMoments: Sendable {
  /// The channels in the order of their first positions.
  public let units: [ChannelUnit]
  /// For every channel its positions along the site's axis; all have equally many.
  public let positions: [[Int]]
  /// The mean of every channel, `[n]`.
  public let mean: [Double]
  /// The covariance, `[n, n]`, both triangles.
  public let covariance: [Double]

  /// Joins a site's channels with what was measured of them, in the same order.
  public init(_ channels: SiteChannels, mean: [Double], covariance: [Double]) {
    precondition(mean.count == channels.units.count)
    units = channels.units
    positions = channels.positions
    self.mean = mean
    self.covariance = covariance
  }
}

/// The channels at a reading site, with the positions of each.
public struct SiteChannels: Sendable {
  /// The channels in the order of their first positions.
  public let units: [ChannelUnit]
  /// For every channel its positions along the site's axis.
  public let positions: [[Int]]

  /// Collects the channels of a site; `nil` if they don't all have equally many positions.
  public init?(_ site: ReadingSite) {
    var index: [ChannelUnit: Int] = [:]
    var units: [ChannelUnit] = []
    var positions: [[Int]] = []
    for (position, unit) in site.units.enumerated() {
      guard let unit else { continue }
      if let known = index[unit] {
        positions[known].append(position)
      } else {
        index[unit] = units.count
        units.append(unit)
        positions.append([position])
      }
    }
    guard let first = positions.first, positions.allSatisfy({ $0.count == first.count }) else {
      return nil
    }
    self.units = units
    self.positions = positions
  }
}

extension ActivationStatistics {
  /// The statistics of every group, gathered from what was measured site by site.
  public init(
    _ channels: ChannelGroups, sites: [ReadingSite], moments: [SiteMoments?]
  ) {
    var groups = [[Consumer]](repeating: [], count: channels.groups.count)
    for (site, measured) in zip(sites, moments) {
      guard let measured else { continue }
      for id in Set(measured.units.map(\.group)).sorted() {
        let count = channels.groups[id].channels
        var mean = [Double](repeating: 0, count: count)
        var covariance = [Double](repeating: 0, count: count * count)
        let own = measured.units.indices.filter { measured.units[$0].group == id }
        for i in own {
          mean[measured.units[i].index] = measured.mean[i]
          for j in own {
            covariance[measured.units[i].index * count + measured.units[j].index] =
              measured.covariance[i * measured.units.count + j]
          }
        }
        for axis in site.consumers
        where channels.axes[axis].units.contains(where: { $0?.group == id }) {
          groups[id].append(Consumer(axis: axis, mean: mean, covariance: covariance))
        }
      }
    }
    self.init(groups: groups)
  }
}
