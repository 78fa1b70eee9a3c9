public import ECTensor

/// Images with the classes that they belong to, parted into training, validation and test.
public struct LabelledImages: Sendable {
  /// Where an image is.
  public enum Source: Sendable, Equatable {
    /// A JPEG or PNG file.
    case file(String)
    /// A row of `arrays`.
    case row(array: Int, Int)
  }

  /// One image.
  public struct Item: Sendable, Equatable {
    /// Where it is.
    public let source: Source
    /// The position of its class in `classes`.
    public let label: Int

    /// Describes an image.
    public init(_ source: Source, label: Int) {
      self.source = source
      self.label = label
    }
  }

  /// The names of the classes; labels are positions in it.
  public var classes: [String]
  /// What is learnt from.
  public var train: [Item] = []
  /// What is looked at while learning, to stop in time.
  public var validation: [Item] = []
  /// What is looked at once, at the end.
  public var test: [Item] = []
  /// The arrays that rows are of, `[n, …]`.
  public var arrays: [Tensor] = []
  /// Remarks for the user.
  public var notes: [String] = []

  /// Describes a data set.
  public init(classes: [String], train: [Item] = []) {
    self.classes = classes
    self.train = train
  }

  /// All images: training, validation, test.
  public var items: [Item] { train + validation + test }

  /// The number of training images of every class.
  public var counts: [Int] { LabelledImages.counts(train, classes.count) }

  static func counts(_ items: [Item], _ classCount: Int) -> [Int] {
    var counts = [Int](repeating: 0, count: classCount)
    for item in items { counts[item.label] += 1 }
    return counts
  }
}
