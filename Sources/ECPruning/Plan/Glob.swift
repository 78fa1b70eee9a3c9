/// A pattern over layer names, as `fnmatch` reads it: `*` any text (`/` too), `?` one character,
/// `[a-c]` one of a set, `[!a-c]` one outside it.
public struct Glob: Sendable, Hashable {
  /// The pattern as written.
  public let pattern: String

  private enum Step: Hashable {
    case any
    case one
    case literal(Character)
    case set(ranges: [ClosedRange<Character>], isNegated: Bool)
  }
  private let steps: [Step]

  /// Reads a pattern; a `[` without its `]` stands for itself.
  public init(_ pattern: String) {
    self.pattern = pattern
    let text = Array(pattern)
    var steps: [Step] = []
    var at = 0
    while at < text.count {
      switch text[at] {
      case "*": if steps.last != .any { steps.append(.any) }
      case "?": steps.append(.one)
      case "[":
        if let (set, end) = Glob.set(text, from: at + 1) {
          steps.append(set)
          at = end
        } else {
          steps.append(.literal("["))
        }
      case let character: steps.append(.literal(character))
      }
      at += 1
    }
    self.steps = steps
  }

  private static func set(_ text: [Character], from start: Int) -> (step: Step, end: Int)? {
    var at = start
    let isNegated = at < text.count && (text[at] == "!" || text[at] == "^")
    if isNegated { at += 1 }
    var ranges: [ClosedRange<Character>] = []
    let first = at
    while at < text.count, text[at] != "]" || at == first {
      if at + 2 < text.count, text[at + 1] == "-", text[at + 2] != "]", text[at] <= text[at + 2] {
        ranges.append(text[at]...text[at + 2])
        at += 3
      } else {
        ranges.append(text[at]...text[at])
        at += 1
      }
    }
    return at < text.count ? (.set(ranges: ranges, isNegated: isNegated), at) : nil
  }

  /// Whether the whole name fits the pattern.
  public func matches(_ name: String) -> Bool {
    let text = Array(name)
    var (at, step) = (0, 0)
    var star: (step: Int, at: Int)?
    while at < text.count {
      if step < steps.count, case .any = steps[step] {
        star = (step, at)
        step += 1
      } else if step < steps.count, fits(steps[step], text[at]) {
        step += 1
        at += 1
      } else if let last = star {
        star = (last.step, last.at + 1)
        step = last.step + 1
        at = last.at + 1
      } else {
        return false
      }
    }
    return steps[step...].allSatisfy { $0 == .any }
  }

  private func fits(_ step: Step, _ character: Character) -> Bool {
    switch step {
    case .any: false
    case .one: true
    case .literal(let own): own == character
    case .set(let ranges, let isNegated):
      ranges.contains { $0.contains(character) } != isNegated
    }
  }
}

/// The names nearest to a text by edits, at most `count` of them.
///
/// Where the text ends with a star, a name may go on as it likes.
func nearestNames(to text: String, among names: [String], count: Int = 3) -> [String] {
  let wanted = Array(text.filter { !"*?[]".contains($0) }.lowercased())
  func distance(_ name: String) -> Int {
    let other = Array(name.lowercased())
    var row = Array(0...other.count)
    for (i, a) in wanted.enumerated() {
      var diagonal = row[0]
      row[0] = i + 1
      for (j, b) in other.enumerated() {
        (diagonal, row[j + 1]) = (
          row[j + 1], a == b ? diagonal : 1 + min(diagonal, row[j], row[j + 1])
        )
      }
    }
    return text.hasSuffix("*") ? row.min() ?? 0 : row[other.count]
  }
  return names.enumerated().map { ($0.offset, distance($0.element)) }
    .sorted { ($0.1, $0.0) < ($1.1, $1.0) }.prefix(count).map { names[$0.0] }
}
