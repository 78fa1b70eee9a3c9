/// How the weights of a file differ from those that a model expects.
struct WeightComparison {
  /// One sentence for each group that differs.
  let differences: [String]
  /// How many layers have another name in the file.
  let renamed: Int

  init(_ model: ArchitectureModel, _ stored: StoredWeights) {
    let expected = model.expectedGroups(stored.layout)
    switch stored.layout {
    case .classes:
      self.init(expected, stored.groups, keys: expected.map(\.path), stored.groups.map(\.path))
    case .names:
      let byName = WeightComparison(
        expected, stored.groups, keys: expected.map(\.name), stored.groups.map(\.path))
      // Keras itself goes by the order; names may be counted from elsewhere.
      let byOrder = WeightComparison(
        expected, stored.groups, keys: expected.indices.map { "\($0)" },
        stored.groups.indices.map { "\($0)" })
      self = byOrder.differences.isEmpty && !byName.differences.isEmpty ? byOrder : byName
    }
  }

  private init(
    _ expected: [ExpectedGroup], _ stored: [StoredWeights.Group], keys: [String],
    _ storedKeys: [String]
  ) {
    let found = Dictionary(
      zip(storedKeys, stored.indices), uniquingKeysWith: { first, _ in first })
    var differences: [String] = []
    var used: Set<Int> = []
    var renamed = 0
    for (group, key) in zip(expected, keys) {
      guard let position = found[key] else {
        differences.append("layer '\(group.name)' has no weights in the file")
        continue
      }
      used.insert(position)
      let other = stored[position]
      if let name = other.name, name != group.name { renamed += 1 }
      let (shapes, wanted) = (other.weights.map(\.shape), group.weights.map(\.shape))
      if shapes != wanted {
        differences.append(
          "layer '\(group.name)' has \(Self.text(shapes)), expected \(Self.text(wanted))")
      }
    }
    differences += stored.indices.filter { !used.contains($0) }.map {
      "'\(stored[$0].name ?? stored[$0].path)' belongs to no layer"
    }
    (self.differences, self.renamed) = (differences, renamed)
  }

  private static func text(_ shapes: [[Int]]) -> String {
    shapes.map { "\($0)" }.joined(separator: " ")
  }
}
