public import ECGraph

extension Sensitivities {
  /// The version of the form, `schemas/sensitivity.schema.json`.
  public static let schemaVersion = 1

  /// The measurements as the file has them.
  public var formatObject: FormatObject {
    [
      "schemaVersion": .int(Self.schemaVersion), "parameters": .int(parameters),
      "macs": .int(macs),
      "groups": .list(
        groups.map { group in
          .object([
            "layers": .list(group.layers.map { .string($0) }), "channels": .int(group.channels),
            "points": .list(group.points.map { .object($0.formatObject) }),
          ])
        }),
    ]
  }

  /// Reads measurements; keys that it doesn't know are passed over.
  /// - Throws: `PruningError` saying what doesn't fit the form.
  public init(_ value: FormatValue) throws(PruningError) {
    guard let object = value.object, let version = object["schemaVersion"]?.int else {
      throw PruningError(.sensitivitiesUnreadable("'schemaVersion' is missing"))
    }
    guard version == Self.schemaVersion else {
      throw PruningError(
        .sensitivitiesUnreadable("their version is \(version), expected \(Self.schemaVersion)"))
    }
    guard let parameters = object["parameters"]?.int, let macs = object["macs"]?.int,
      let list = object["groups"]?.list
    else {
      throw PruningError(
        .sensitivitiesUnreadable("one of 'parameters', 'macs' and 'groups' is missing"))
    }
    var groups: [Group] = []
    for (k, entry) in list.enumerated() {
      guard let names = entry.object?["layers"]?.list?.compactMap(\.string), !names.isEmpty,
        let channels = entry.object?["channels"]?.int, channels > 0,
        let points = entry.object?["points"]?.list?.compactMap({ Point($0, of: channels) }),
        points.count == entry.object?["points"]?.list?.count
      else {
        throw PruningError(
          .sensitivitiesUnreadable("group \(k) isn't layers, channels and points"))
      }
      groups.append(
        Group(layers: names, channels: channels, points: points.sorted { $0.ratio < $1.ratio }))
    }
    self.init(parameters: parameters, macs: macs, groups: groups)
  }
}

extension Sensitivities.Point {
  /// The measurement as the file has it.
  var formatObject: FormatObject {
    var object: FormatObject = [
      "ratio": .float(ratio), "kept": .int(kept), "parameters": .int(parameters),
      "macs": .int(macs), "change": .float(change),
      "agreement": .float(agreement),
    ]
    if let accuracy { object["accuracy"] = .float(accuracy) }
    return object
  }

  /// Reads a measurement of a group; `nil` if it isn't one.
  init?(_ value: FormatValue, of channels: Int) {
    guard let object = value.object, let ratio = object["ratio"]?.double, (0..<1).contains(ratio),
      let kept = object["kept"]?.int, (1...channels).contains(kept),
      let parameters = object["parameters"]?.int, let macs = object["macs"]?.int,
      let change = object["change"]?.double, change >= 0, change.isFinite,
      let agreement = object["agreement"]?.double
    else { return nil }
    self.init(
      ratio: ratio, kept: kept, parameters: parameters, macs: macs, change: change,
      agreement: agreement, accuracy: object["accuracy"]?.double)
  }
}
