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
  /// - Parameter arguments: the command line, which tells what was meant.
  init(parsing message: String, arguments: [String] = []) {
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
    if text.contains("nexpected argument"), let meant = Self.meant(arguments, by: text) {
      remedy = meant
    }
    let first = text.prefix(1).lowercased()
    self.init(first + text.dropFirst(), remedy: remedy)
  }

  /// What an argument too many was meant to be: a model stands where the output should, or the name of
  /// a command is misspelt behind its first letters.
  private static func meant(_ arguments: [String], by text: String) -> String? {
    let names = ECConvertCommand.configuration.subcommands.filter { $0.configuration.shouldDisplay }
      .map { $0._commandName }
    let first = arguments.first ?? ""
    if names.contains(first) && !["convert", "finetune"].contains(first) { return nil }
    if !names.contains(first), first.count >= 3, !first.contains(where: { "./-".contains($0) }),
      let name = names.first(where: { $0.hasPrefix(first.prefix(3)) })
    {
      return "write '\(name)' for '\(first)'"
    }
    let model = arguments.dropFirst().first { argument in
      text.contains("'\(argument)'")
        && [".onnx", ".h5", ".keras"].contains { argument.hasSuffix($0) }
    }
    return model.map { "name the output with -o \($0)" }
  }
}
