import ArgumentParser
import ECBatch
import ECConvert
import ECGraph
import Glibc

/// Converts many models, several at once.
struct Batch: ParsableCommand, ConversionArguments {
  static let configuration = CommandConfiguration(
    commandName: "batch",
    abstract: "Convert many models; resumable.",
    usage: "ecconvert batch IN... --out-dir DIR [--jobs N] [--resume] [options]",
    discussion: """
      Each model is converted by a process of its own, so that a fault in one leaves the others \
      alone. Folders are searched for .h5, .hdf5, .keras and .onnx files. Results go to DIR under \
      the names of the inputs, reports to DIR/reports, and summary.json, summary.csv and index.html \
      tell what became of each.

      All options of 'ecconvert convert' that decide how a model is converted may be given; they \
      hold for every job and go before those of the jobs file:
        {"defaults": {"prune": 0.5},
         "jobs": ["models/*.h5", {"input": "big.keras", "output": "big-slim.onnx",
                                  "options": {"prune": 0.7}}]}
      or the same in YAML (schemas/jobs.schema.json). Inputs in it start from its folder.

      --resume skips jobs whose result is there and whose input, options and version of ecconvert \
      are the same; it may follow any interruption, a kill -9 too.

      EXAMPLES:
        ecconvert batch models/ --prune 0.5 --out-dir slim --jobs 4 --keep-going
        ecconvert batch --jobs-file jobs.yaml --out-dir slim --resume
        ecconvert batch --jobs-file jobs.yaml --out-dir /shared/slim --shard 2/8
                        the second of eight machines; afterwards, on one of them:
        ecconvert batch --jobs-file jobs.yaml --out-dir /shared/slim --summarize

      EXIT CODES:
        0 every job has its result; 75 some failed; else as for convert
      """)

  @Argument(
    help: ArgumentHelp("Models, folders of models, or patterns.", valueName: "IN"))
  var inputs: [String] = []

  @OptionGroup(title: "The batch") var batch: BatchArguments
  @OptionGroup(title: "The sources") var source: SourceArguments
  @OptionGroup(title: "Pruning") var pruning: PruningArguments
  @OptionGroup(title: "Data and repair") var data: DataArguments
  @OptionGroup(title: "Fine-tuning") var learning: FineTuneRequest
  @OptionGroup(title: "The written models") var edge: EdgeArguments
  @OptionGroup(title: "Verification") var verification: VerificationArguments
  @OptionGroup(title: "Run") var compute: ComputeArguments
  @OptionGroup(title: "Messages") var words: OutputArguments

  func run() throws {
    let console = try words.console()
    let jobs = try batch.jobs(inputs, overridden: given())
    let settings = try batch.settings(jobs, threads: compute.threadCount())
    // What makes no sense is said before anything starts.
    var arguments: [String: [String]] = [:]
    for job in jobs { arguments[job.output] = try Self.arguments(job) }
    let program = CommandPath.current
    let runner = try BatchRunner(jobs, settings, program: program) { arguments[$0.output] ?? [] }
    let summary: BatchSummary
    if batch.list {
      return Console.data(runner.standing().json)
    } else if batch.summarize {
      summary = runner.standing(hasOutputs: !batch.outputsElsewhere)
    } else {
      var progress = BatchProgress(console, jobCount: runner.jobCount)
      summary = try runner.run { progress.take($0) }
      progress.finish()
    }
    // Parts don't know of each other: the summary of all is written when they are done.
    if settings.shard == nil { try summary.write() }
    console.summary(BatchProgress.lines(summary, isPart: settings.shard != nil))
    if !summary.isComplete { throw ExitCode(FaultCategory.partial.rawValue) }
  }

  /// The options that hold for every job: how the batch itself talks isn't among them.
  private func given() -> FormatObject {
    let own: Set = ["threads", "quiet", "verbose", "log-format", "color"]
    return ConfigurationFile.given(self).filter { !own.contains($0.key) }
  }

  /// A job's options as arguments, tried.
  private static func arguments(_ job: BatchJob) throws -> [String] {
    let place = Place(["job '\(job.output)'"])
    let words = try ConfigurationFile.arguments(job.options, at: place)
    let command = [job.input, "--output=\(job.output)"] + words
    do {
      let parsed = try ECConvertCommand.parseAsRoot(["convert"] + command)
      _ = try (parsed as? Convert)?.conversionOptions()
    } catch let error as UsageError {
      throw UsageError(
        error.what, at: place.appending(error.place), remedy: error.remedy, category: error.category
      )
    } catch {
      let usage = UsageError(parsing: ECConvertCommand.message(for: error))
      throw UsageError(usage.what, at: place, remedy: usage.remedy)
    }
    return words
  }
}

/// The options of a batch itself.
struct BatchArguments: ParsableArguments {
  @Option(
    help: ArgumentHelp("Where results, reports and summary go. Needed.", valueName: "DIR"))
  var outDir: String?

  @Option(
    help: ArgumentHelp(
      "Read jobs from JSON or YAML: defaults, and jobs with input, output and options.",
      valueName: "FILE"))
  var jobsFile: String?

  @Option(
    help: ArgumentHelp(
      "What results without a name are: onnx, h5 or keras. (default: onnx)", valueName: "NAME"))
  var format: String?

  @Option(
    help: ArgumentHelp(
      "Models converted at once; they share the cores. (default: as many as cores and memory allow)",
      valueName: "N"))
  var jobs: String?

  @Flag(help: "Go on with the others after one has failed.")
  var keepGoing = false

  @Flag(help: "Skip what is done and unchanged, and do the rest.")
  var resume = false

  @Flag(name: [.short, .long], help: "Replace existing outputs.")
  var force = false

  @Option(
    help: ArgumentHelp(
      "Do only part I of N; parts may run on different machines with a shared DIR.",
      valueName: "I/N"))
  var shard: String?

  @Flag(help: "Run nothing; write the summary of what is in DIR.")
  var summarize = false

  @Flag(help: "Run nothing; print the jobs and what became of them, as JSON.")
  var list = false

  @Flag(help: .hidden)
  var outputsElsewhere = false

  /// The jobs of arguments or of the jobs file, with options over theirs.
  func jobs(_ inputs: [String], overridden given: FormatObject) throws -> [BatchJob] {
    let ext = format ?? "onnx"
    guard ["onnx", "h5", "keras"].contains(ext) else {
      throw UsageError("--format", "'\(ext)' is none of onnx, h5, keras")
    }
    if jobsFile != nil && !inputs.isEmpty {
      throw UsageError("--jobs-file", "excludes models as arguments", remedy: "give one of them")
    }
    let jobs =
      try jobsFile.map { try JobsFile.jobs($0, format: ext) }
      ?? InputList.jobs(inputs, format: ext)
    return jobs.map { $0.overridden(by: given) }
  }

  /// How the batch goes about its jobs.
  func settings(_ jobs: [BatchJob], threads: Int) throws(UsageError) -> BatchSettings {
    guard let outDir, !outDir.isEmpty else {
      throw UsageError("no output folder is named", remedy: "give --out-dir DIR")
    }
    var settings = BatchSettings(folder: outDir)
    if let shard {
      guard let part = BatchShard(shard) else {
        throw UsageError("--shard", "'\(shard)' is no part, such as 2/5")
      }
      settings.shard = part
    }
    var count: Int?
    if let text = self.jobs { count = try OptionValues.integer(text, "--jobs", atLeast: 1) }
    settings.share(jobs, cores: threads, count: count)
    settings.keepsGoing = keepGoing
    settings.resumes = resume
    settings.force = force
    return settings
  }
}
