import ECDiagnostics
import ECFineTune
import ECGraph
import ECImage
import ECTensor
import Glibc

/// The images of a data set as a network takes them.
struct ImageSource: Sendable {
  private let input: ImageInput
  private var loader: ImageLoader
  private let arrays: [Tensor]

  /// What is done to images before the network sees them.
  var preprocessing: Preprocessing { loader.preprocessing }

  /// Finds out size and preprocessing.
  /// - Throws: `ConversionFault` if the network doesn't take one image.
  init(
    _ data: LabelledImages, graph: Graph, source: SourceModel, options: ConversionOptions,
    fineTune: FineTuneOptions, threads: Int
  ) throws {
    guard graph.inputs.count == 1,
      let input = ImageInput(graph.inputs[0], of: graph, layout: source.layout)
    else {
      let types = graph.inputs.map { "\(graph[$0].type)" }.joined(separator: ", ")
      throw ConversionFault(
        .options("the model's input is \(types), not one image of 1 or 3 channels"),
        at: .option("--finetune"))
    }
    self.input = input
    arrays = data.arrays
    let wanted = fineTune.imageSize
    if let wanted, let height = input.height, let width = input.width,
      (height, width) != (wanted, wanted)
    {
      throw ConversionFault(
        .options("the model takes images of \(width) x \(height)"), at: .option("--image-size"))
    }
    let size = wanted ?? 224
    var loader = ImageLoader(
      width: input.width ?? size, height: input.height ?? size, channels: input.channels)
    loader.interpolation = options.interpolation
    loader.cropsToAspectRatio = options.cropsToAspectRatio
    self.loader = loader
    self.loader.preprocessing = try preprocessing(data, source, options, threads)
  }

  private func preprocessing(
    _ data: LabelledImages, _ source: SourceModel, _ options: ConversionOptions, _ threads: Int
  ) throws -> Preprocessing {
    if let given = options.preprocessing { return given }
    // Spread over the classes, which are one after the other.
    let step = max(1, data.train.count / 8)
    let samples = stride(from: 0, to: data.train.count, by: step).prefix(8).compactMap {
      try? image(data.train[$0]).get()
    }
    guard
      let known = ImageInput(source.graph.inputs[0], of: source.graph, layout: source.layout)
    else { return .none }
    return PreprocessingGuess(graph: source.graph, input: known, threads: threads)
      .find(on: samples).kind
  }

  /// One image, brought to size and preprocessed; numbers that aren't whole are taken to be so already.
  func image(_ item: LabelledImages.Item) -> Result<FloatImage, ImageError> {
    switch item.source {
    case .file(let path): return Result { () throws(ImageError) in try loader.image(path) }
    case .row(let array, let row):
      var own = loader
      if arrays[array].elementType.isFloatingPoint { own.preprocessing = .none }
      return .success(own.prepared(FloatImage(row: row, of: arrays[array], loader.channels)))
    }
  }

  /// One image changed by chance, then brought to size and preprocessed.
  func image(_ item: LabelledImages.Item, changedBy seed: UInt64) -> Result<FloatImage, ImageError>
  {
    switch item.source {
    case .file(let path):
      return Result { () throws(ImageError) in
        let picture = FloatImage(try Picture(contentsOf: path, channels: loader.channels))
        return loader.prepared(picture, Augmentation(), seed: seed)
      }
    case .row(let array, let row):
      // What changes colours needs to know their range.
      if arrays[array].elementType.isFloatingPoint { return image(item) }
      let picture = FloatImage(row: row, of: arrays[array], loader.channels)
      return .success(loader.prepared(picture, Augmentation(), seed: seed))
    }
  }

  /// Adds everything that decides what images are to a fingerprint.
  func add(to fingerprint: inout Fingerprint, _ items: [LabelledImages.Item]) {
    fingerprint.add("\(loader)")
    for array in arrays { array.forEachPiece { fingerprint.add($0) } }
    for item in items {
      guard case .file(let path) = item.source else { continue }
      fingerprint.add(path)
      var status = stat()
      if stat(path, &status) == 0 {
        fingerprint.add(UInt64(bitPattern: Int64(status.st_size)))
        fingerprint.add(UInt64(bitPattern: Int64(status.st_mtim.tv_sec)))
      }
    }
  }

  /// Images of one size as the network's input.
  func tensor(_ images: [FloatImage]) -> Tensor { input.tensor(images) }
}

extension FloatImage {
  /// A row of `[n, height, width]` or `[n, height, width, channels]`, in wanted channels.
  init(row: Int, of array: Tensor, _ channels: Int) {
    let one = array.sliced(axis: 0, row..<(row + 1))
    self = FloatImage(
      width: one.shape[2], height: one.shape[1],
      channels: one.shape.count > 3 ? one.shape[3] : 1, samples: one.floats()
    ).converted(toChannels: channels)
  }
}
