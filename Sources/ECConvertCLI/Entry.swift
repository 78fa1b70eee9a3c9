import ArgumentParser
import ECBatch
import ECConvert
import Glibc

/// The command's entry: signals, the configuration file, parsing, and one place for all failures.
@main
enum Entry {
  static func main() {
    Isolation.serveIfAsked()
    Isolation.readInProcesses()
    var arguments = Array(CommandLine.arguments.dropFirst())
    IdleThreads.spinBrieflyIfBusy(arguments)
    var console = Console(scanning: arguments)
    signal(SIGPIPE, SIG_IGN)
    OutputGuard.install(
      interrupted: console.text(.error, "interrupted; the output was not written"),
      vanished: console.text(.error, Console.vanishedInput),
      crashed: console.text(.error, Console.reportRequest))
    ParentProcess.follow()
    do {
      arguments = try ConfigurationFile.expand(arguments)
      console = Console(scanning: arguments)
      if Overview.isAskedFor(by: arguments) {
        Console.data(Overview.text)
        return
      }
      var command = try ECConvertCommand.parseAsRoot(arguments)
      try command.run()
    } catch {
      exit(console.finish(error, arguments: arguments))
    }
  }
}

/// The root command; it only holds the subcommands.
struct ECConvertCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ecconvert",
    abstract: "Prune pretrained CNN classifiers and convert them to ONNX.",
    version: "ecconvert \(ECConvertVersion.current)",
    subcommands: [
      Convert.self, FineTune.self, Inspect.self, MakePlan.self, MeasureSensitivity.self,
      Compare.self, Bench.self,
      BenchWorker.self, Batch.self, ListOperators.self, ListArchitectures.self,
    ],
    defaultSubcommand: Convert.self)
}

/// What `ecconvert --help` prints: the main job in full, then the other commands.
enum Overview {
  static func isAskedFor(by arguments: [String]) -> Bool {
    arguments.count == 1 && ["--help", "-h", "help"].contains(arguments[0])
  }

  static var text: String { ECConvertCommand.helpMessage(for: Convert.self, columns: 80) }
}
