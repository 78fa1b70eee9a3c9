/// Which axes of which operands and results are one axis, in einsum-like letters.
///
///     n c h w, o c kh kw, o? -> n o h' w'
///
/// Operands are parted by commas, axes by spaces. The same letter means the same indices. A `?` after
/// an operand's last letter marks an optional operand, `1` an axis of extent one, `c!` an axis that
/// must not shrink, and `…` stands for the remaining axes, the same wherever it occurs.
/// From this one line come shape checks, channel groups, the slicing of weights and error text.
public struct AxisSignature: Sendable, Hashable, ExpressibleByStringInterpolation,
  CustomStringConvertible
{
  /// The letters of one operand or result.
  public struct Term: Sendable, Hashable {
    /// The letters, one per axis; `…` may stand for several.
    public let letters: [String]
    /// Letters whose axis must not shrink.
    public let pinned: Set<String>
    /// Whether the operand may be absent.
    public let isOptional: Bool
  }

  /// The terms of the operands.
  public let operands: [Term]
  /// The terms of the results.
  public let results: [Term]
  /// The line as written.
  public let description: String

  /// Reads a signature.
  /// - Precondition: it has one `->`.
  public init(_ text: String) {
    description = text
    let sides = text.split(separator: "->", omittingEmptySubsequences: false)
    precondition(sides.count == 2, "a signature has one arrow: \(text)")
    operands = AxisSignature.terms(sides[0])
    results = AxisSignature.terms(sides[1])
  }

  public init(stringLiteral value: String) { self.init(value) }

  private static func terms(_ text: Substring) -> [Term] {
    text.split(separator: ",", omittingEmptySubsequences: false).map { part in
      var letters = part.split(separator: " ").map(String.init)
      var isOptional = false
      if let last = letters.last, last.hasSuffix("?") {
        isOptional = true
        letters[letters.count - 1] = String(last.dropLast())
      }
      let pinned = Set(letters.filter { $0.hasSuffix("!") }.map { String($0.dropLast()) })
      letters = letters.filter { !$0.isEmpty }.map {
        $0.hasSuffix("!") ? String($0.dropLast()) : $0
      }
      return Term(letters: letters, pinned: pinned, isOptional: isOptional)
    }
  }

  /// This signature with `…` spelled out for operands of known ranks.
  public func expanded(ranks: [Int?]) -> AxisSignature {
    guard let position = operands.firstIndex(where: { $0.letters.contains("…") }),
      position < ranks.count, let rank = ranks[position]
    else { return self }
    let count = max(0, rank - operands[position].letters.count + 1)
    let spelled = (0..<count).map { "…\($0)" }
    func expand(_ term: Term) -> Term {
      Term(
        letters: term.letters.flatMap { $0 == "…" ? spelled : [$0] }, pinned: term.pinned,
        isOptional: term.isOptional)
    }
    return AxisSignature(
      operands: operands.map(expand), results: results.map(expand), description: description)
  }

  private init(operands: [Term], results: [Term], description: String) {
    self.operands = operands
    self.results = results
    self.description = description
  }

  /// Binds letters to extents and checks that operands agree.
  /// - Returns: the extent of every letter that operands have; symbolic ones included.
  /// - Throws: `GraphError` for a missing operand, a wrong rank or two extents for one letter.
  public func bind(_ types: Operands) throws(GraphError) -> [String: Dimension] {
    var extents: [String: Dimension] = [:]
    let spelled = expanded(ranks: types.types.map { $0?.rank })
    for (position, term) in spelled.operands.enumerated() {
      guard types.has(position) else {
        if term.isOptional { continue }
        throw GraphError(.missingOperand(position))
      }
      let shape = try types.type(position).shape
      guard shape.count == term.letters.count else {
        throw GraphError(.rank(operand: position, expected: term.letters.count, found: shape.count))
      }
      for (letter, dimension) in zip(term.letters, shape) {
        let wanted: Dimension? = letter == "1" ? .fixed(1) : extents[letter]
        if let a = wanted?.value, let b = dimension.value, a != b {
          throw GraphError(.axisDiffers(letter: letter, first: a, second: b))
        }
        if wanted?.value == nil { extents[letter] = dimension }
      }
    }
    return extents
  }
}
