extension DeflatedCentrality {
  /// The same selection as its definition reads: whole matrix, double precision, no shortcuts.
  package static func selectPlainly(_ similarity: [Double], order n: Int, count: Int) -> [Int] {
    var r = similarity
    var chosen: [Int] = []
    var isFree = [Bool](repeating: true, count: n)
    var v = [Double](repeating: 1, count: n)
    let floor = 1e-8 * (0..<n).reduce(0) { $0 + r[$1 * n + $1] } / Double(n)
    for _ in 0..<min(count, n) {
      for _ in 0..<steps {
        var next = [Double](repeating: 1e-12, count: n)
        for i in 0..<n {
          for j in 0..<n { next[j] += abs(r[i * n + j]) * v[i] }
        }
        let length = norm(next)
        v = next.map { $0 / length }
      }
      var best = 0
      var largest = -1.0
      for i in 0..<n where isFree[i] && v[i] * v[i] > largest {
        (best, largest) = (i, v[i] * v[i])
      }
      chosen.append(best)
      isFree[best] = false
      let pivot = r[best * n + best]
      if pivot > floor {
        let column = (0..<n).map { r[$0 * n + best] }
        for i in 0..<n {
          for j in 0..<n { r[i * n + j] -= column[i] * column[j] / pivot }
        }
      }
      for i in 0..<n { v[i] += 1e-3 }
    }
    return chosen.sorted()
  }
}
