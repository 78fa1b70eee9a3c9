import ECBLAS

/// Gathers the weights of every producer of a channel group into one Gram matrix.
///
/// Each producer's vectors are divided by their mean norm and concatenated, which adds Gram
/// matrices. Up to 1,024 channels it is double precision, above single. The weights are read where
/// they lie. Source: `EigenvectorCentrality`.
public struct SimilarityAccumulator: Sendable {
  /// The number of channels n.
  public let count: Int
  /// How many producers were added.
  public private(set) var producers = 0

  private var gram: SymmetricMatrix
  private var firstMeanNorm = 1.0

  /// Starts with no producer.
  public init(count: Int) {
    self.init(count: count, precision: nil)
  }

  /// Starts with no producer, in a precision of the caller's choice.
  package init(count: Int, precision: SymmetricMatrix.Precision?) {
    self.count = count
    gram = SymmetricMatrix(order: count, precision: precision)
  }

  /// Adds a producer's vectors, `count` of `dimension` elements each.
  ///
  /// `threads` is for a single huge product (see `Threads`). O(n²d).
  /// - Throws: `notFinite` where a channel's norm is not a number.
  public mutating func add(
    _ vectors: UnsafeBufferPointer<Float>, dimension: Int, layout: VectorLayout, threads: Int = 1
  ) throws(CentralityError) {
    let count = self.count
    try add { (matrix) throws(CentralityError) in
      try Threads.withCount(threads) { () throws(CentralityError) in
        switch matrix.precision {
        case .double:
          try GramMatrix.add(
            vectors, count: count, dimension: dimension, layout: layout, scale: 1,
            to: &matrix.doubles)
        case .single:
          try GramMatrix.add(
            vectors, count: count, dimension: dimension, layout: layout, scale: Float(1),
            to: &matrix.floats)
        }
      }
    }
  }

  /// Adds a producer's vectors in double precision.
  public mutating func add(
    _ vectors: UnsafeBufferPointer<Double>, dimension: Int, layout: VectorLayout
  ) throws(CentralityError) {
    let count = self.count
    guard vectors.count >= count * dimension else {
      throw CentralityError(.tooFewElements(expected: count * dimension, found: vectors.count))
    }
    try add { (matrix) throws(CentralityError) in
      switch matrix.precision {
      case .double:
        try GramMatrix.add(
          vectors, count: count, dimension: dimension, layout: layout, scale: 1,
          to: &matrix.doubles)
      case .single:
        let narrow = vectors.map { Float($0) }
        try narrow.withUnsafeBufferPointer { (narrow) throws(CentralityError) in
          try GramMatrix.add(
            narrow, count: count, dimension: dimension, layout: layout, scale: Float(1),
            to: &matrix.floats)
        }
      }
    }
  }

  /// The cosines of all pairs: `gᵢⱼ / ((‖i‖ + ε)(‖j‖ + ε))`, 0 for a channel without weights.
  ///
  /// With one producer ε is measured in its own units, else in mean norms.
  public consuming func cosine(epsilon: Double = 1e-8) -> CosineSimilarity {
    let norms = (0..<count).map { max(0, gram[$0, $0]).squareRoot() }
    let epsilon = producers == 1 ? epsilon / firstMeanNorm : epsilon
    let factors = norms.map { 1 / ($0 + epsilon) }
    gram.scale(by: factors)
    return CosineSimilarity(matrix: gram, norms: norms)
  }

  /// Adds what `fill` adds to a matrix of zeros, divided by the square of its mean norm.
  private mutating func add(
    _ fill: (inout SymmetricMatrix) throws(CentralityError) -> Void
  ) throws(CentralityError) {
    if producers == 0 {
      try fill(&gram)
      firstMeanNorm = try Self.meanNorm(gram)
      gram.divide(by: firstMeanNorm * firstMeanNorm)
    } else {
      var further = SymmetricMatrix(order: count, precision: gram.precision)
      try fill(&further)
      let norm = try Self.meanNorm(further)
      gram.add(further, scale: 1 / (norm * norm))
    }
    producers += 1
  }

  /// The mean norm of the channels; 1 where all are zero.
  private static func meanNorm(_ gram: SymmetricMatrix) throws(CentralityError) -> Double {
    var sum = 0.0
    for channel in 0..<gram.order {
      let square = gram[channel, channel]
      guard square.isFinite else { throw CentralityError(.notFinite(channel: channel)) }
      sum += max(0, square).squareRoot()
    }
    return sum > 0 ? sum / Double(gram.order) : 1
  }
}

/// The cosine similarities of a group's channels, and the lengths of their vectors.
public struct CosineSimilarity: Sendable {
  var matrix: SymmetricMatrix
  /// The L2 norm of each channel's concatenated vector, in units of its producers' mean norms.
  public let norms: [Double]

  /// The number of channels.
  public var count: Int { matrix.order }

  /// The similarity of two channels, -1 to 1.
  public subscript(one: Int, other: Int) -> Double { matrix[one, other] }
}
