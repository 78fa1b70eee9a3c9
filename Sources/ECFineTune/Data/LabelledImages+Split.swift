import ECRandom

extension LabelledImages {
  /// Takes a share of the training images of every class for validation, where there are none yet.
  ///
  /// Which ones depends on the seed and on the order of the images. A class keeps at least one image
  /// for training, and gives one from two on.
  public mutating func splitValidation(share: Double, seed: UInt64) {
    guard validation.isEmpty, share > 0 else { return }
    var generator = SplitMix64(seed: seed ^ 0x5711_7A11)
    var taken: Set<Int> = []
    for label in classes.indices {
      let own = train.indices.filter { train[$0].label == label }
      guard own.count > 1 else { continue }
      let wanted = Int((Double(own.count) * share).rounded())
      let count = min(max(wanted, 1), own.count - 1)
      taken.formUnion(own.shuffled(using: &generator).prefix(count))
    }
    validation = train.indices.filter(taken.contains).map { train[$0] }
    train = train.indices.filter { !taken.contains($0) }.map { train[$0] }
  }

  /// This data set without images that can't be used.
  ///
  /// - Parameter isUsable: for every image of `items`.
  /// - Throws: `FineTuneError` if a class has none left to learn from.
  public func filtered(_ isUsable: [Bool]) throws(FineTuneError) -> LabelledImages {
    var result = self
    func kept(_ items: [Item], from start: Int) -> [Item] {
      items.indices.filter { isUsable[start + $0] }.map { items[$0] }
    }
    result.train = kept(train, from: 0)
    result.validation = kept(validation, from: train.count)
    result.test = kept(test, from: train.count + validation.count)
    try result.check()
    return result
  }

  /// Refuses data that has nothing to learn from.
  /// - Throws: `FineTuneError`.
  public func check() throws(FineTuneError) {
    guard let first = classes.first else { throw FineTuneError(.noClasses) }
    if classes.count == 1 { throw FineTuneError(.oneClass(first)) }
    let empty = zip(classes, counts).filter { $0.1 == 0 }.map(\.0)
    if !empty.isEmpty { throw FineTuneError(.emptyClasses(empty)) }
  }
}
