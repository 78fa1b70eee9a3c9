import ArgumentParser
import ECConvert

/// The options that every command has: how words are printed.
struct OutputArguments: ParsableArguments {
  @Flag(name: [.short, .long], help: "Print errors only.")
  var quiet = false

  @Flag(name: [.short, .long], help: "Print how long each stage took.")
  var verbose = false

  @Option(
    help: ArgumentHelp(
      "Lines on standard error: text, or json (one object per line). (default: text)",
      valueName: "NAME"))
  var logFormat: String?

  @Option(
    help: ArgumentHelp(
      "Colours: auto (on a terminal), always, never. (default: auto)", valueName: "WHEN"))
  var color: String?

  /// Checks the values and gives the console that they describe.
  func console() throws(UsageError) -> Console {
    if quiet && verbose {
      throw UsageError("--quiet", "excludes --verbose", remedy: "give one of them")
    }
    var words: [String] = []
    if let logFormat {
      let _: Console.Format = try OptionValues.choice(logFormat, "--log-format")
      words.append("--log-format=" + logFormat)
    }
    if let color {
      let _: Console.Colour = try OptionValues.choice(color, "--color")
      words.append("--color=" + color)
    }
    return Console(
      scanning: words + (quiet ? ["--quiet"] : []) + (verbose ? ["--verbose"] : []))
  }
}

/// The options of a run that computes.
struct ComputeArguments: ParsableArguments {
  @Option(
    help: ArgumentHelp("Worker threads. (default: all cores that may be used)", valueName: "N"))
  var threads: String?

  @Option(
    help: ArgumentHelp(
      "Seed of everything random; the same input, options and seed give the same bytes. "
        + "(default: 0)",
      valueName: "N"))
  var seed: String?

  /// The worker threads; 0 means all cores.
  func threadCount() throws(UsageError) -> Int {
    guard let threads else { return 0 }
    return try OptionValues.integer(threads, "--threads", atLeast: 1)
  }

  /// The seed.
  func seedValue() throws(UsageError) -> UInt64 {
    guard let seed else { return 0 }
    guard let value = UInt64(seed) else {
      throw UsageError("--seed", "'\(seed)' is no whole number from 0")
    }
    return value
  }

  /// Puts the values into options.
  func apply(to options: inout ConversionOptions) throws(UsageError) {
    options.threads = try threadCount()
    options.seed = try seedValue()
  }
}
