import ECConvert

/// A command line that makes no sense.
struct UsageError: DiagnosticError, Equatable {
  let what: String
  let place: Place
  let remedy: String?
  let category: FaultCategory

  /// An option's value that isn't allowed.
  init(_ option: String, _ what: String, remedy: String? = nil) {
    self.init(what, at: .option(option), remedy: remedy)
  }

  /// Any fault of usage.
  init(
    _ what: String, at place: Place = Place(), remedy: String? = nil,
    category: FaultCategory = .usage
  ) {
    self.what = what
    self.place = place
    self.remedy = remedy
    self.category = category
  }

  /// A message of the argument parser, in our style; its suggestion becomes the remedy.
  init(parsing message: String) {
    var text =
      message.split(separator: "\n").first.map(String.init) ?? "the arguments make no sense"
    if text.hasPrefix("Error: ") { text.removeFirst(7) }
    var remedy = "see 'ecconvert --help'"
    let question = ". Did you mean "
    if let start = text.firstRange(of: question), text.hasSuffix("?") {
      remedy = "write \(text[start.upperBound...].dropLast())"
      text = String(text[..<start.lowerBound])
    }
    if text.hasSuffix(".") { text.removeLast() }
    let first = text.prefix(1).lowercased()
    self.init(first + text.dropFirst(), remedy: remedy)
  }
}
