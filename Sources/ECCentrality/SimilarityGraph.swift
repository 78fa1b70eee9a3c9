/// The graph whose nodes are channels and whose edges are similarities above a threshold.
///
/// Weights are never negative, the diagonal is zero. O(n²).
public struct SimilarityGraph: Sendable {
  /// Which similarities count.
  public enum Sign: String, Sendable, CaseIterable {
    /// Only positive ones.
    case positive
    /// All of them, by their magnitude.
    case absolute
  }

  /// The number of nodes.
  public var count: Int { adjacency.order }
  /// The threshold τ as a number.
  public let threshold: Double
  /// How many pairs have an edge.
  public let edges: Int
  /// How many nodes have none.
  public let isolated: Int
  /// How many connected components there are, isolated nodes included.
  public let components: Int
  /// The mean over nodes of the sum of a node's edge weights.
  public let meanDegree: Double

  let adjacency: SymmetricMatrix

  /// Joins the pairs of channels that are more similar than `threshold`.
  /// - Throws: `thresholdNegative`; a mean or quantile below zero is fine, as negative
  ///   similarities get no edge in any case.
  public init(
    _ similarity: consuming CosineSimilarity, threshold: SimilarityThreshold = .value(0),
    sign: Sign = .positive
  ) throws(CentralityError) {
    var matrix = similarity.matrix
    if sign == .absolute { matrix.mapUpper { _, _, value in abs(value) } }
    let cut = try Self.resolve(threshold, matrix)
    self.init(matrix, cut: cut)
  }

  /// Takes the weights of a graph, `[count, count]` symmetric; negative ones are no edges.
  package init(adjacency: [Double], count: Int, precision: SymmetricMatrix.Precision? = nil) {
    self.init(SymmetricMatrix(adjacency, order: count, precision: precision), cut: 0)
  }

  private init(_ similarity: consuming SymmetricMatrix, cut: Double) {
    var matrix = similarity
    let order = matrix.order
    let tally: EdgeTally
    switch matrix.precision {
    case .double: tally = keepEdges(&matrix.doubles, order: order, above: cut)
    case .single: tally = keepEdges(&matrix.floats, order: order, above: cut)
    }
    adjacency = matrix
    threshold = cut
    edges = tally.edges
    isolated = tally.hasEdge.count { !$0 }
    components = tally.components
    meanDegree = order == 0 ? 0 : 2 * tally.weight / Double(order)
  }

  private static func resolve(
    _ threshold: SimilarityThreshold, _ similarity: SymmetricMatrix
  ) throws(CentralityError) -> Double {
    switch threshold {
    case .value(let value):
      guard value >= 0 else { throw CentralityError(.thresholdNegative(value)) }
      return value
    case .mean:
      var sum = 0.0
      var pairs = 0
      similarity.forEachPair { _, _, value in
        sum += value
        pairs += 1
      }
      return pairs == 0 ? 0 : sum / Double(pairs)
    case .quantile(let share):
      var values: [Double] = []
      values.reserveCapacity(similarity.order * max(0, similarity.order - 1) / 2)
      similarity.forEachPair { _, _, value in values.append(value) }
      return interpolatedQuantile(&values, share)
    }
  }
}

/// What one pass over the pairs counts.
private struct EdgeTally {
  var edges = 0
  var weight = 0.0
  var hasEdge: [Bool]
  var components: Int
}

/// Sets what isn't above the threshold, and the diagonal, to zero.
private func keepEdges<S: MatrixScalar>(
  _ a: inout [S], order: Int, above cut: Double
) -> EdgeTally {
  var tally = EdgeTally(hasEdge: [Bool](repeating: false, count: order), components: order)
  var parents = Array(0..<order)
  func root(_ node: Int) -> Int {
    var node = node
    while parents[node] != node {
      parents[node] = parents[parents[node]]
      node = parents[node]
    }
    return node
  }
  a.withUnsafeMutableBufferPointer { a in
    for row in 0..<order {
      a[row * order + row] = 0
      var weight = 0.0
      for column in row + 1..<max(row + 1, order) {
        let value = a[row * order + column].wide
        guard value > cut, value > 0 else {
          a[row * order + column] = 0
          continue
        }
        tally.edges += 1
        weight += value
        tally.hasEdge[row] = true
        tally.hasEdge[column] = true
        guard tally.components > 1 else { continue }
        let (one, other) = (root(row), root(column))
        if one != other {
          parents[max(one, other)] = min(one, other)
          tally.components -= 1
        }
      }
      tally.weight += weight
    }
  }
  return tally
}

/// The linearly interpolated quantile; `values` is reordered. O(n) on average.
package func interpolatedQuantile(_ values: inout [Double], _ share: Double) -> Double {
  guard !values.isEmpty else { return 0 }
  let position = min(1, max(0, share)) * Double(values.count - 1)
  let lower = Int(position)
  let low = selectSmallest(&values, lower)
  guard lower + 1 < values.count, position > Double(lower) else { return low }
  let high = values[(lower + 1)...].min() ?? low
  return low + (position - Double(lower)) * (high - low)
}

/// Moves the element of this rank into its place, smaller ones before it, and returns it.
private func selectSmallest(_ values: inout [Double], _ rank: Int) -> Double {
  values.withUnsafeMutableBufferPointer { values in
    var (low, high) = (0, values.count - 1)
    while low < high {
      let pivot = values[low + (high - low) / 2]
      var (left, right) = (low, high)
      while left <= right {
        while values[left] < pivot { left += 1 }
        while values[right] > pivot { right -= 1 }
        if left <= right {
          values.swapAt(left, right)
          left += 1
          right -= 1
        }
      }
      if rank <= right { high = right } else if rank >= left { low = left } else { break }
    }
    return values[rank]
  }
}
