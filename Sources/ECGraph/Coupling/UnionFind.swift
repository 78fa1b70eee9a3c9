/// Disjoint sets of atoms: which channels must leave together.
public struct UnionFind: Sendable {
  private var parent: [Int32]

  /// Starts with atom 0, which stands for everything that must stay.
  public init() {
    parent = [0]
  }

  /// The number of atoms made, 0 included.
  public var count: Int { parent.count }

  /// Makes new atoms, each a set of its own.
  public mutating func make(_ count: Int) -> [Int32] {
    let first = Int32(parent.count)
    let atoms = (0..<Int32(count)).map { first + $0 }
    parent += atoms
    return atoms
  }

  /// The representative of an atom's set; the smallest atom in it. Amortised nearly O(1).
  public mutating func find(_ atom: Int32) -> Int32 {
    var root = atom
    while parent[Int(root)] != root { root = parent[Int(root)] }
    var walker = atom
    while parent[Int(walker)] != root {
      let next = parent[Int(walker)]
      parent[Int(walker)] = root
      walker = next
    }
    return root
  }

  /// Joins two sets.
  public mutating func unite(_ a: Int32, _ b: Int32) {
    let (x, y) = (find(a), find(b))
    if x < y { parent[Int(y)] = x } else { parent[Int(x)] = y }
  }
}
