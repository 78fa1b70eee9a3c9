public import ECDiagnostics

extension Architecture {
  /// The model that weights belong to: what isn't asked for is told by the weights where they can
  /// tell it (classes, classifier, width, side of the images), and the default elsewhere.
  /// - Parameter place: the file of the weights.
  /// - Throws: `ArchitectureError` with everything that differs from the model that fits best,
  ///   or that the weights are of an earlier model of the same name.
  public func model(
    _ options: ArchitectureOptions, fitting weights: StoredWeights, place: Place = Place()
  ) throws(ArchitectureError) -> ArchitectureModel {
    try check(options)
    if let former = FormerModel.of(name, weights) {
      throw ArchitectureError(
        .formerModel(architecture: name, difference: former.difference), at: place)
    }
    var options = options
    if traits.contains(.imagenet), options.imagenet == nil {
      options.imagenet = try isImageNet(weights, at: place)
    }
    var best: (model: ArchitectureModel, comparison: WeightComparison)?
    for factors in [Self.usualAlphas, Self.rareAlphas] {
      for settings in variants(options, alphas: factors, weights) {
        try check(settings)
        let model = ArchitectureModel(of: self, settings)
        let comparison = WeightComparison(model, weights)
        if let current = best?.comparison, !comparison.isBetter(than: current) { continue }
        best = (model, comparison)
      }
      // Widths that nobody publishes are worth a search only where no other fits.
      if options.alpha != nil || !traits.contains(.alpha) { break }
      if best?.comparison.differences.isEmpty ?? false { break }
    }
    guard let best, best.comparison.differences.isEmpty else {
      throw ArchitectureError(
        .mismatch(
          architecture: name, differences: best?.comparison.differences ?? [],
          candidates: Self.guess(weights).filter { $0 != name }), at: place)
    }
    return best.model
  }

  private static let usualAlphas = [1, 0.75, 0.5, 0.35, 0.25, 1.3, 1.4]
  private static let rareAlphas = (1...40).map { Double($0) / 20 }

  /// All settings that the options leave open and weights can tell.
  private func variants(
    _ options: ArchitectureOptions, alphas: [Double], _ weights: StoredWeights
  ) -> [Settings] {
    let factors = options.alpha.map { [$0] } ?? (traits.contains(.alpha) ? alphas : [1])
    let isPooled = (options.pooling ?? .nothing) != .nothing
    let tops = options.top.map { [$0] } ?? (isPooled ? [false] : [true, false])
    let minimal =
      options.minimalistic.map { [$0] }
      ?? (traits.contains(.minimalistic) ? [false, true] : [false])
    let names = options.generation.map { [$0] } ?? generations
    var result: [Settings] = []
    for alpha in factors {
      for top in tops {
        for isMinimal in minimal {
          for generation in names {
            var asked = options
            asked.alpha = alpha
            asked.top = top
            asked.minimalistic = isMinimal
            asked.generation = generation
            result.append(told(settings(asked), asked, weights))
          }
        }
      }
    }
    return result
  }

  /// The settings with the classes and the side that the weights tell.
  private func told(
    _ settings: Settings, _ options: ArchitectureOptions, _ weights: StoredWeights
  ) -> Settings {
    guard settings.hasTop, options.classes == nil || (side != nil && options.size == nil) else {
      return settings
    }
    var settings = settings
    let model = ArchitectureModel(of: self, settings)
    let expected = model.expectedGroups(weights.layout)
    func shapes(of group: ExpectedGroup) -> [[Int]]? {
      weights.groups.first {
        $0.path == (weights.layout == .names ? group.name : group.path)
      }?.weights.map(\.shape)
    }
    if options.classes == nil, let last = expected.last {
      let found =
        shapes(of: last)
        ?? (weights.layout == .names ? weights.groups.last?.weights.map(\.shape) : nil)
      if let classes = found?.last?.last, classes > 0 { settings.classes = classes }
    }
    if let side, options.size == nil, let group = expected.first(where: { $0.name == side.layer }),
      let shape = shapes(of: group)?.first, shape.count == 2, let pixels = side.side(shape)
    {
      settings.size = .pixels(height: pixels, width: pixels)
    }
    return settings
  }

  /// Whether the statistics of the pixels are those of the released weights.
  private func isImageNet(_ weights: StoredWeights, at place: Place)
    throws(ArchitectureError) -> Bool
  {
    let key = weights.layout == .names ? "normalization" : "layers/normalization"
    let group =
      weights.groups.first { $0.path == key }
      ?? weights.groups.first { $0.weights.map(\.shape) == [[3], [3], []] }
    // Without the layer the weights don't fit anyway, which is said later.
    guard let group, group.weights.count > 1 else { return false }
    guard let variance = group.weights[1].elements else {
      throw ArchitectureError(.imagenetUnknown(architecture: name), at: place)
    }
    return zip(variance, PixelStatistics.deviations).allSatisfy { abs($0 - $1) < 1e-4 }
  }
}

extension WeightComparison {
  /// Fewer differences are better, then fewer other names.
  fileprivate func isBetter(than other: WeightComparison) -> Bool {
    (differences.count, renamed) < (other.differences.count, other.renamed)
  }
}
