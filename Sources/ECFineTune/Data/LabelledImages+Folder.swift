import ECDiagnostics
public import ECTensor

extension LabelledImages {
  /// Reads a folder: Oxford Flowers-102, or class folders with or without splits above them.
  /// - Throws: `ImageError` if a folder can't be read, `MatFileError` or `FineTuneError` if there is
  ///   nothing to learn from.
  public init(folder path: String) throws {
    self =
      try FlowersLayout.matches(path)
      ? FlowersLayout(path: path).read() : ClassFolders(path: path).read()
    try check(path)
  }

  /// Reads a table of comma- or tab-separated values; `text` is what the file holds.
  /// - Throws: `FineTuneError` with the line that isn't understood.
  public init(table path: String, text: String) throws(FineTuneError) {
    self = try TableLayout(path: path).read(text)
    try check(path)
  }

  /// Joins arrays of images and their classes: training and, where there are, validation and test.
  ///
  /// Images are `[n, height, width]` or `[n, height, width, channels]`, labels whole numbers `[n]` or
  /// `[n, 1]`. The classes are the numbers that occur in the training.
  /// - Throws: `FineTuneError` if they don't fit each other.
  public init(
    arrays: (train: LabelledArray, validation: LabelledArray?, test: LabelledArray?), path: String
  ) throws(FineTuneError) {
    let place = Place.file(path)
    let numbers = try arrays.train.numbers(place)
    let known = Set(numbers).sorted()
    self.init(classes: known.map { "\($0)" })
    var labels: [Int: Int] = [:]
    for (label, number) in known.enumerated() { labels[number] = label }
    for (part, array) in [
      (\LabelledImages.train, arrays.train), (\.validation, arrays.validation),
      (\.test, arrays.test),
    ] {
      guard let array else { continue }
      for (row, number) in try array.numbers(place).enumerated() {
        guard let label = labels[number] else {
          throw FineTuneError(.unknownClass("\(number)", split: "later arrays"), at: place)
        }
        self[keyPath: part].append(Item(.row(array: self.arrays.count, row), label: label))
      }
      self.arrays.append(array.images)
    }
    try check(path)
  }

  private func check(_ path: String) throws(FineTuneError) {
    do throws(FineTuneError) {
      try check()
    } catch {
      throw FineTuneError(error.reason, at: .file(path))
    }
  }
}

/// An array of images with an array of their classes.
public struct LabelledArray: Sendable {
  /// `[n, height, width]` or `[n, height, width, channels]`.
  public let images: Tensor
  /// Whole numbers, `[n]` or `[n, 1]`.
  public let labels: Tensor

  /// Joins arrays.
  public init(images: Tensor, labels: Tensor) {
    (self.images, self.labels) = (images, labels)
  }

  /// The labels as numbers.
  fileprivate func numbers(_ place: Place) throws(FineTuneError) -> [Int] {
    guard images.shape.count == 3 || images.shape.count == 4 else {
      throw FineTuneError(
        .badArray("the images are \(images.shape), expected [n, height, width, channels]"),
        at: place)
    }
    guard labels.count == images.shape[0], labels.shape.first == images.shape[0],
      let numbers = labels.integers()
    else {
      throw FineTuneError(
        .badArray(
          "the labels are \(labels.elementType.name)\(labels.shape), expected whole numbers "
            + "[\(images.shape[0])]"), at: place)
    }
    return numbers
  }
}
