import ArgumentParser
import ECConvert

/// The architectures that weights without one can be given.
struct ListArchitectures: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "architectures",
    abstract: "List the architectures that --arch knows by name, or print one.",
    usage: "ecconvert architectures [NAME[:OPTION=VALUE,...]]")

  @Argument(
    help: ArgumentHelp(
      "Print this architecture as model.to_json() of Keras does, for example "
        + "mobilenetv2:alpha=0.5,classes=10.",
      valueName: "NAME"))
  var name: String?

  func run() throws {
    Console.data(try name.map { try ArchitectureList.json($0) } ?? ArchitectureList.text)
  }
}
