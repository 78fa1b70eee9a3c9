/// The one owner of the names of a graph: keeps them unique, deterministically.
struct NameAuthority: Sendable {
  private var taken: Set<String> = []
  private var next: [String: Int] = [:]

  /// Takes `wanted`, or the first free of `wanted_1`, `wanted_2`, …
  mutating func take(_ wanted: String) -> String {
    let wanted = wanted.isEmpty ? "value" : wanted
    if taken.insert(wanted).inserted { return wanted }
    var k = next[wanted] ?? 1
    while !taken.insert("\(wanted)_\(k)").inserted { k += 1 }
    next[wanted] = k + 1
    return "\(wanted)_\(k)"
  }

  /// Gives a name back.
  mutating func release(_ name: String) {
    taken.remove(name)
  }
}
