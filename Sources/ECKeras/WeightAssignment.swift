import ECDiagnostics
import ECGraph

/// Which stored weight is which, for a layer or for all layers of a nested model.
enum WeightAssignment {
  /// The weights of a layer of its own group: by name where every name is told apart, else by
  /// position.
  /// - Throws: `KerasError.weights` if their number differs from what the layer owns.
  static func leaf(
    _ stored: [StoredWeight], _ expected: [KerasWeightName], at place: Place
  ) throws(KerasError) -> [String: StoredWeight] {
    if let named = byName(stored, expected) { return named }
    guard stored.count == expected.count else {
      throw KerasError(
        .weights(expected: expected.map(\.name), found: stored.map(\.name)), at: place)
    }
    return Dictionary(uniqueKeysWithValues: zip(expected.map(\.name), stored))
  }

  /// Every expected weight by its name, or `nil` if one is missing or ambiguous.
  private static func byName(_ stored: [StoredWeight], _ expected: [KerasWeightName])
    -> [String: StoredWeight]?
  {
    var result: [String: StoredWeight] = [:]
    for weight in expected {
      let exact = stored.filter { $0.leaf == weight.name || weight.aliases.contains($0.leaf) }
      let matches =
        exact.count == 1 ? exact : stored.filter { $0.isNamed([weight.name] + weight.aliases) }
      guard matches.count == 1 else { return nil }
      result[weight.name] = matches[0]
    }
    return result
  }

  /// One layer inside a nested model.
  struct Inner {
    /// The names of the models around it and its own, outermost first, without the top one.
    let path: [String]
    let expected: [KerasWeightName]
    /// Whether it and all models around it are trained.
    let isTrainable: Bool
    var key: String { path.joined(separator: "/") }
  }

  /// The weights of all layers of a nested model, which one group lists together.
  ///
  /// Names decide where they tell every weight apart; else the order in which Keras lists them,
  /// checked against the names of the leaves.
  static func nested(
    _ stored: [StoredWeight], _ layers: [Inner], at place: Place
  ) throws(KerasError) -> [String: [String: StoredWeight]] {
    var result: [String: [String: StoredWeight]] = [:]
    var faults: [String] = []
    var used: Set<String> = []
    let isUnique = Set(layers.compactMap(\.path.last)).count == layers.count
    for layer in layers where isUnique {
      guard let name = layer.path.last else { continue }
      let own = stored.filter { belongs($0, to: name) }
      if let named = byName(own, layer.expected) {
        result[layer.key] = named
        used.formUnion(named.values.map(\.path))
      } else {
        faults.append(
          "'\(layer.key)': expected \(layer.expected.map(\.name).joined(separator: ", ")); found "
            + (own.isEmpty ? "nothing" : own.map(\.name).joined(separator: ", ")))
      }
    }
    let total = layers.reduce(0) { $0 + $1.expected.count }
    if isUnique && faults.isEmpty && used.count == total && total == stored.count { return result }
    for order in [modernOrder(layers), multiBackendOrder(layers)] {
      if let assigned = byOrder(stored, order) { return assigned }
    }
    if faults.isEmpty {
      faults = ["the model owns \(total) weights, the file lists \(stored.count)"]
    }
    throw KerasError(.nestedWeights(faults), at: place)
  }

  private static func belongs(_ weight: StoredWeight, to layer: String) -> Bool {
    // Layer names may hold slashes themselves.
    let prefix = weight.parts.dropLast().joined(separator: "/")
    return prefix == layer || prefix.hasSuffix("/" + layer)
  }

  private typealias Slot = (layer: Inner, weight: KerasWeightName)

  /// tf.keras, tf-keras and Keras 3: what is trained; then, layer by layer, what isn't.
  private static func modernOrder(_ layers: [Inner]) -> [Slot] {
    let trained = layers.filter(\.isTrainable).flatMap { layer in
      layer.expected.filter(\.isTrainable).map { (layer, $0) }
    }
    let rest = layers.flatMap { layer in
      layer.expected.filter { !layer.isTrainable || !$0.isTrainable }.map { (layer, $0) }
    }
    return trained + rest
  }

  /// Keras 2.0 to 2.3: what is trained, what is frozen, then all statistics.
  private static func multiBackendOrder(_ layers: [Inner]) -> [Slot] {
    func slots(_ isIncluded: (Inner, KerasWeightName) -> Bool) -> [Slot] {
      layers.flatMap { layer in
        layer.expected.filter { isIncluded(layer, $0) }.map { (layer, $0) }
      }
    }
    return slots { $0.isTrainable && $1.isTrainable } + slots { !$0.isTrainable && $1.isTrainable }
      + slots { !$1.isTrainable }
  }

  private static func byOrder(_ stored: [StoredWeight], _ order: [Slot])
    -> [String: [String: StoredWeight]]?
  {
    guard stored.count == order.count else { return nil }
    var result: [String: [String: StoredWeight]] = [:]
    for (weight, slot) in zip(stored, order) {
      guard weight.isNamed([slot.weight.name] + slot.weight.aliases) else { return nil }
      result[slot.layer.key, default: [:]][slot.weight.name] = weight
    }
    return result
  }
}
