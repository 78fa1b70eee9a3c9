import ArgumentParser
import ECConvert

/// Gives a model a new classifier, without pruning.
struct FineTune: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "finetune",
    abstract: "Learn a new classifier for the images in a folder.",
    usage: "ecconvert finetune IN --data DIR -o OUT [options]",
    discussion: """
      The last layer is replaced by one for the classes found in DIR and learnt; the layers before \
      it stay, unless --train-layers says otherwise. The names of the classes are kept in the \
      model and in OUT.labels.txt.

      DATA
        DIR/CLASS/*.jpg          a folder for each class, with .jpg or .png files
        DIR/train/CLASS/*.jpg    the same below train, val and test
        DIR/jpg, DIR/*.mat       Oxford Flowers-102 as it is distributed
        FILE.csv, FILE.tsv       path,label or path,label,split in every line
        FILE.npz                 arrays x and y, or x_train, y_train, x_test, y_test

      EXAMPLES:
        ecconvert finetune vgg16.h5 --data flower_photos -o flowers.onnx
        ecconvert finetune vgg16.h5 --data photos -o f.keras --train-layers last:3
        ecconvert vgg16.h5 --prune 0.5 --finetune flower_photos -o flowers.onnx
                        prune first; see 'ecconvert --help'
      """)

  @Argument(help: ArgumentHelp("A Keras .keras or .h5, or an .onnx model.", valueName: "IN"))
  var input: String?

  @Option(help: ArgumentHelp("The images with their classes.", valueName: "DIR"))
  var data: String?

  @Option(
    name: [.short, .long],
    help: ArgumentHelp("Where the model goes: .onnx, .h5 or .keras.", valueName: "OUT"))
  var output: String?

  @Flag(name: [.short, .long], help: "Replace an existing file.")
  var force = false

  @Option(help: ArgumentHelp("Write what was done, as JSON.", valueName: "FILE"))
  var report: String?

  @Option(help: ArgumentHelp("Write what was done, as a page for people.", valueName: "FILE"))
  var html: String?

  @OptionGroup(title: "The source") var source: SourceArguments
  @OptionGroup(title: "Images") var images: ImageArguments
  @OptionGroup(title: "Learning") var learning: FineTuneArguments
  @OptionGroup(title: "If it is stopped") var checkpoint: CheckpointArguments
  @OptionGroup(title: "The written model") var edge: EdgeArguments
  @OptionGroup(title: "Verification") var verification: VerificationArguments
  @OptionGroup(title: "Run") var compute: ComputeArguments
  @OptionGroup(title: "Messages") var words: OutputArguments

  func run() throws {
    let console = try words.console()
    guard let input, !input.isEmpty else {
      throw UsageError("no input is named", remedy: "ecconvert finetune IN --data DIR -o OUT")
    }
    guard let data else { throw UsageError("no data is named", remedy: "give --data DIR") }
    guard let output, !output.isEmpty else {
      throw UsageError(
        "no output is named", remedy: "give -o OUT.onnx, -o OUT.h5 or -o OUT.keras")
    }
    var options = ConversionOptions(input: input)
    options.architecture = source.arch
    // 'convert' with these does the same.
    options.given = ConfigurationFile.given(DecidingArguments(self))
    options.output = output
    options.force = force
    options.report = report
    options.html = html
    options.fineTune = try learning.options(data, "--data")
    try checkpoint.apply(to: &options)
    try images.apply(to: &options)
    try edge.apply(to: &options)
    try verification.apply(to: &options)
    try compute.apply(to: &options)
    try Convert.run(options, console)
  }
}
