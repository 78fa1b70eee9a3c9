import ECConvert

/// Readers of option values; each throws one clear error for a value that isn't allowed.
enum OptionValues {
  /// A number in `0..<1`.
  static func ratio(_ text: String, _ option: String) throws(UsageError) -> Double {
    if text.hasSuffix("%"), let percent = finite(String(text.dropLast())) {
      throw UsageError(
        option, "'\(text)' is a percentage, expected a ratio",
        remedy: "write \(Console.number(percent / 100))")
    }
    guard let value = finite(text) else {
      throw UsageError(option, "'\(text)' is no number", remedy: "give a ratio, such as 0.5")
    }
    guard (0..<1).contains(value) else {
      throw UsageError(
        option, "\(text) is outside 0 to below 1",
        remedy: "give the share of channels to remove, such as 0.5 for half of them")
    }
    return value
  }

  /// A number that is at least `least`.
  static func number(_ text: String, _ option: String, atLeast least: Double) throws(UsageError)
    -> Double
  {
    guard let value = finite(text) else { throw UsageError(option, "'\(text)' is no number") }
    guard value >= least else {
      throw UsageError(option, "\(text) is too small, the least is \(Console.number(least))")
    }
    return value
  }

  /// A whole number that is at least `least`.
  static func integer(_ text: String, _ option: String, atLeast least: Int) throws(UsageError)
    -> Int
  {
    guard let value = Int(text) else { throw UsageError(option, "'\(text)' is no whole number") }
    guard value >= least else {
      throw UsageError(option, "\(value) is too small, the least is \(least)")
    }
    return value
  }

  /// What remains: `50%`, or a count with an optional `k`, `M` or `G`.
  static func amount(_ text: String, _ option: String) throws(UsageError)
    -> ConversionOptions.Amount
  {
    let remedy = "give what remains, as a share (50%) or as a count (1500000, 1.5M)"
    if text.hasSuffix("%") {
      guard let percent = finite(String(text.dropLast())) else {
        throw UsageError(option, "'\(text)' is no percentage", remedy: remedy)
      }
      guard percent > 0 && percent <= 100 else {
        throw UsageError(option, "\(text) is outside above 0% to 100%", remedy: remedy)
      }
      return .share(percent / 100)
    }
    let scales: [Character: Double] = ["k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9]
    let scale = text.last.flatMap { scales[$0] }
    guard let value = finite(scale == nil ? text : String(text.dropLast())) else {
      throw UsageError(option, "'\(text)' is neither a percentage nor a count", remedy: remedy)
    }
    let count = value * (scale ?? 1)
    guard count >= 1, count <= 1e18, count == count.rounded() else {
      throw UsageError(option, "\(text) is no whole count of at least 1", remedy: remedy)
    }
    return .absolute(Int(count))
  }

  /// A time: `40%` of the source's, or milliseconds.
  static func latency(_ text: String, _ option: String) throws(UsageError)
    -> ConversionOptions.Latency
  {
    let remedy = "give milliseconds (5, 2.5), or a share of the source's time (40%)"
    let isShare = text.hasSuffix("%")
    let digits = text.hasSuffix("ms") ? String(text.dropLast(2)) : text
    guard let value = finite(isShare ? String(text.dropLast()) : digits), value > 0 else {
      throw UsageError(option, "'\(text)' is no time", remedy: remedy)
    }
    guard isShare else { return .seconds(value / 1e3) }
    if value > 100 {
      throw UsageError(option, "\(text) is outside above 0% to 100%", remedy: remedy)
    }
    return .share(value / 100)
  }

  /// Percentage points, 0 to 100; a percent sign may follow.
  static func points(_ text: String, _ option: String) throws(UsageError) -> Double {
    let digits = text.hasSuffix("%") ? String(text.dropLast()) : text
    guard let value = finite(digits), (0...100).contains(value) else {
      throw UsageError(
        option, "'\(text)' is no number of percentage points from 0 to 100",
        remedy: "write 1 for a fall such as that from 76 % to 75 %")
    }
    return value
  }

  /// Up to ten ratios above 0, with commas between, in any order.
  static func ratios(_ text: String, _ option: String) throws(UsageError) -> [Double] {
    var values: Set<Double> = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let value = try ratio(String(part), option)
      if value == 0 { throw UsageError(option, "a ratio of 0 removes nothing") }
      values.insert(value)
    }
    if values.count > 10 {
      throw UsageError(option, "there are \(values.count) ratios, the most is 10")
    }
    return values.sorted()
  }

  /// The threshold of the paper's graph: a number, `mean`, or a quantile `q0` to `q100`.
  static func tau(_ text: String, _ option: String) throws(UsageError) -> String {
    if text == "mean" { return text }
    if text.hasPrefix("q"), let quantile = finite(String(text.dropFirst())),
      (0...100).contains(quantile)
    {
      return text
    }
    if let value = finite(text), (-1...1).contains(value) { return text }
    throw UsageError(
      option, "'\(text)' is no threshold",
      remedy: "give a cosine from -1 to 1, 'mean', or a quantile from q0 to q100")
  }

  /// `GLOB=R`, cut at the last equals sign.
  static func layerRatio(_ text: String, _ option: String) throws(UsageError)
    -> (glob: String, ratio: Double)
  {
    guard let cut = text.lastIndex(of: "="), cut > text.startIndex else {
      throw UsageError(
        option, "'\(text)' is not GLOB=R", remedy: "write, for example, 'block5_*=0.75'")
    }
    let value = try ratio(String(text[text.index(after: cut)...]), option)
    return (String(text[..<cut]), value)
  }

  /// `NAME:1,3,224,224`, cut at the last colon, or `1,3,224,224` alone.
  static func inputShape(_ text: String, _ option: String) throws(UsageError)
    -> (name: String?, shape: [Int])
  {
    let remedy = "write NAME:1,3,224,224, every extent a whole number of at least 1"
    let cut = text.lastIndex(of: ":")
    if cut == text.startIndex {
      throw UsageError(option, "'\(text)' is not NAME:SHAPE", remedy: remedy)
    }
    let extents = text[(cut.map { text.index(after: $0) } ?? text.startIndex)...].split(
      separator: ",", omittingEmptySubsequences: false)
    var shape: [Int] = []
    for extent in extents {
      guard let value = Int(extent), value >= 1, value <= 1 << 31 else {
        throw UsageError(option, "'\(extent)' in '\(text)' is no extent", remedy: remedy)
      }
      shape.append(value)
    }
    return (cut.map { String(text[..<$0]) }, shape)
  }

  /// The layers that are trained: `head`, `last:N` or `all`.
  static func layers(_ text: String, _ option: String) throws(UsageError)
    -> FineTuneOptions.Layers
  {
    switch text {
    case "head": return .head
    case "all": return .all
    default:
      guard text.hasPrefix("last:"), let count = Int(text.dropFirst(5)), count >= 1 else {
        throw UsageError(option, "there is no '\(text)'", remedy: "choose head, last:N or all")
      }
      return .last(count)
    }
  }

  /// One of the names of an enumeration.
  static func choice<Choice>(_ text: String, _ option: String) throws(UsageError) -> Choice
  where Choice: RawRepresentable & CaseIterable, Choice.RawValue == String {
    if let value = Choice(rawValue: text) { return value }
    let names = Choice.allCases.map(\.rawValue)
    throw UsageError(
      option, "there is no '\(text)'", remedy: "choose " + names.joined(separator: ", "))
  }

  /// A glob that can match something.
  static func glob(_ text: String, _ option: String) throws(UsageError) -> String {
    if text.isEmpty { throw UsageError(option, "the pattern is empty") }
    return text
  }

  /// The names of an enumeration, for help.
  static func names<Choice>(_ type: Choice.Type) -> String
  where Choice: RawRepresentable & CaseIterable, Choice.RawValue == String {
    Choice.allCases.map(\.rawValue).joined(separator: ", ")
  }

  private static func finite(_ text: String) -> Double? {
    Double(text).flatMap { $0.isFinite ? $0 : nil }
  }
}
