import ECCentrality
import ECRandom
import Foundation

/// The reference figures of `fixtures/acceptance/pruning-acceptance.json`.
enum Acceptance {
  /// The file's top-level object.
  static func figures() throws -> [String: Any] {
    let root = URL(fileURLWithPath: #filePath)
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    let file = root.appendingPathComponent("fixtures/acceptance/pruning-acceptance.json")
    let object = try JSONSerialization.jsonObject(with: Data(contentsOf: file))
    guard let figures = object as? [String: Any] else { throw Unreadable(key: "top level") }
    return figures
  }

  /// A value of the expected type.
  static func value<T>(_ key: String, in figures: [String: Any], as: T.Type = T.self) throws -> T {
    guard let value = figures[key] as? T else { throw Unreadable(key: key) }
    return value
  }

  struct Unreadable: Error { let key: String }
}

/// The reference's weights, row-major n × d in -1 to 1, the last rows near-duplicates of the first.
func weights(
  seed: UInt64, _ n: Int, _ d: Int, duplicates: Int = 0, mean: Double = 0
) -> [Double] {
  var w = uniform(seed: seed, n * d).map { 2 * $0 - 1 + mean }
  for i in 0..<duplicates {
    for k in 0..<d {
      w[(n - 1 - i) * d + k] = 0.5 * w[i * d + k] + 0.05 * w[(n - 1 - i) * d + k]
    }
  }
  return w
}

/// Numbers in [0, 1).
func uniform(seed: UInt64, _ count: Int) -> [Double] {
  var generator = SplitMix64(seed: seed)
  return (0..<count).map { _ in generator.unit() }
}

/// A `[columns, rows]` copy of a `[rows, columns]` matrix.
func transposed<T>(_ a: [T], rows: Int, columns: Int) -> [T] {
  (0..<columns).flatMap { column in (0..<rows).map { a[$0 * columns + column] } }
}

/// The cosines of one producer's rows.
func cosine(
  _ w: [Double], _ n: Int, _ d: Int, layout: VectorLayout = .rows,
  precision: SymmetricMatrix.Precision? = nil
) throws -> CosineSimilarity {
  var accumulator = SimilarityAccumulator(count: n, precision: precision)
  try w.withUnsafeBufferPointer { try accumulator.add($0, dimension: d, layout: layout) }
  return accumulator.cosine()
}

/// The largest difference of two equally long lists.
func distance(_ x: [Double], _ y: [Double]) -> Double {
  x.count == y.count ? zip(x, y).map { abs($0 - $1) }.max() ?? 0 : .infinity
}
