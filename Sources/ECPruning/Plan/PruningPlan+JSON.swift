public import ECGraph
public import OrderedCollections

extension PruningPlan {
  /// The version of the form, `schemas/pruning-plan.schema.json`.
  public static let schemaVersion = 1

  /// The plan as JSON.
  public var json: String { formatValue.json(indent: 2) + "\n" }

  /// The plan as a neutral value.
  public var formatValue: FormatValue { formatValue(scores: []) }

  /// The plan with the scores it was decided on and the units of layers whose channels are others,
  /// one list of each per entry; both are for reading only.
  public func formatValue(
    scores: [[Double]], units: [OrderedDictionary<String, [Int]>] = []
  ) -> FormatValue {
    .object([
      "schemaVersion": .int(Self.schemaVersion),
      "groups": .list(
        entries.enumerated().map { k, entry in
          var object: FormatObject = [
            "layers": .list(entry.layers.map { .string($0) }), "channels": .int(entry.channels),
            "keep": .list(entry.keep.map { .int($0) }),
          ]
          if k < units.count, !units[k].isEmpty {
            object["units"] = .object(units[k].mapValues { .list($0.map { .int($0) }) })
          }
          if k < scores.count { object["scores"] = .list(scores[k].map { .float($0) }) }
          return .object(object)
        }),
    ])
  }

  /// Reads a plan from JSON; keys that it doesn't know are passed over.
  /// - Throws: `PruningError` saying what doesn't fit the form.
  public init(json text: some Sequence<UInt8>) throws(PruningError) {
    let value: FormatValue
    do {
      value = try FormatValue(json: text)
    } catch {
      throw PruningError(.planUnreadable("\(error.what) at byte \(error.offset)"))
    }
    guard let version = value.object?["schemaVersion"]?.int else {
      throw PruningError(.planUnreadable("'schemaVersion' is missing"))
    }
    guard version == Self.schemaVersion else {
      throw PruningError(
        .planUnreadable("its version is \(version), expected \(Self.schemaVersion)"))
    }
    guard let groups = value.object?["groups"]?.list else {
      throw PruningError(.planUnreadable("the list 'groups' is missing"))
    }
    var entries: [Entry] = []
    for (k, group) in groups.enumerated() {
      guard let list = group.object?["layers"]?.list, !list.isEmpty,
        case let layers = list.compactMap(\.string), layers.count == list.count
      else {
        throw PruningError(.planUnreadable("group \(k) has no list of names 'layers'"))
      }
      guard let channels = group.object?["channels"]?.int else {
        throw PruningError(.planUnreadable("group \(k) has no number 'channels'"))
      }
      guard group.object?["keep"]?.list != nil, let keep = group.object?["keep"]?.ints else {
        throw PruningError(.planUnreadable("group \(k) has no list of whole numbers 'keep'"))
      }
      entries.append(Entry(layers: layers, channels: channels, keep: keep))
    }
    self.init(entries: entries)
  }
}
