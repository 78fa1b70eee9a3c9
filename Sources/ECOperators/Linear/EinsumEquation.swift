import ECGraph

/// The equation of an Einsum: letters for the axes of operands and result, `...` for any others.
struct EinsumEquation {
  private(set) var operands: [[String]] = []
  private(set) var result: [String] = []

  /// Reads an equation; axes that `...` stands for get letters of their own.
  /// - Throws: `FormatError.unsupported` where it doesn't fit the ranks or needs a diagonal.
  init(_ text: String, ranks: [Int]) throws(FormatError) {
    let unsupported = FormatError(.unsupported("an Einsum of '\(text)' isn't supported"))
    let sides = text.filter { $0 != " " }.split(
      separator: "->", maxSplits: 1, omittingEmptySubsequences: false)
    let terms = sides[0].split(separator: ",", omittingEmptySubsequences: false)
      .map { EinsumEquation.letters($0) }
    guard terms.count == ranks.count, (1...2).contains(terms.count) else { throw unsupported }
    let written = Set(text.map(String.init))
    let spare = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ".map(String.init)
      .filter { !written.contains($0) }
    let open = zip(terms, ranks).map { $1 - $0.count(where: { $0 != EinsumEquation.others }) }
    let most = zip(terms, open).reduce(0) { $1.0.contains(Self.others) ? max($0, $1.1) : $0 }
    guard most <= spare.count else { throw unsupported }
    /// Axes behind `...` line up from the last one.
    func spelled(_ term: [String], _ count: Int) -> [String] {
      term.flatMap { $0 == Self.others ? Array(spare[(most - count)..<most]) : [$0] }
    }
    for (term, count) in zip(terms, open) {
      let hasOthers = term.contains(Self.others)
      guard hasOthers ? count >= 0 : count == 0 else { throw unsupported }
      operands.append(spelled(term, hasOthers ? count : 0))
    }
    if sides.count > 1 {
      result = spelled(EinsumEquation.letters(sides[1]), most)
    } else {
      let all = terms.flatMap { $0 }.filter { $0 != Self.others }
      let single = Set(all).filter { letter in all.count(where: { $0 == letter }) == 1 }
      result = spare[..<most] + single.sorted()
    }
    let known = Set(operands.flatMap { $0 })
    guard operands.allSatisfy({ Set($0).count == $0.count }), Set(result).count == result.count,
      result.allSatisfy({ known.contains($0) }),
      known.allSatisfy({ $0.allSatisfy { $0.isASCII && $0.isLetter } })
    else { throw unsupported }
  }

  private static let others = "..."

  private static func letters(_ term: Substring) -> [String] {
    var letters: [String] = []
    var rest = term
    while let first = rest.first {
      if rest.hasPrefix(others) {
        letters.append(others)
        rest = rest.dropFirst(others.count)
      } else {
        letters.append(String(first))
        rest = rest.dropFirst()
      }
    }
    return letters
  }
}
