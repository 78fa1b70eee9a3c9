import ECDiagnostics
import ECFineTune
import ECGraph
import ECImage
import ECRandom
import ECTensor

/// The accuracy of a model and of what is left of it, on the same labelled images.
struct AccuracyMeter {
  /// The images, their number limited.
  let items: [LabelledImages.Item]
  let data: LabelledImages
  let images: ImageSource
  private let threads: Int

  /// Reads labelled images for a model; `nil` if the options name none.
  /// - Throws: `ConversionFault` if they don't fit the model.
  init?(_ options: ConversionOptions, _ source: SourceModel, threads: Int) throws {
    let path: String
    let data: LabelledImages
    if let given = options.accuracyData {
      (path, data) = (given, try DataSet.read(given))
    } else if case .path(let given) = options.calibration, let found = try? DataSet.read(given) {
      (path, data) = (given, found)
    } else {
      return nil
    }
    let width = source.graph.outputs.first.flatMap { source.graph[$0].type.shape.last?.value }
    guard width == data.classes.count else {
      if options.accuracyData == nil && options.maximumAccuracyDrop == nil { return nil }
      throw ConversionFault(
        .options(
          "the model has \(width.map(String.init) ?? "an unknown number of") classes, the images "
            + "have \(data.classes.count)"), at: .file(path))
    }
    self.data = data
    self.threads = threads
    images = try ImageSource(
      data, graph: source.graph, source: source, options: options,
      fineTune: FineTuneOptions(data: path), threads: threads)
    // What was held back for judging is what judges.
    let judging = data.validation + data.test
    var generator = SplitMix64(seed: options.seed ^ 0xACC)
    items = Array(
      (judging.isEmpty ? data.train : judging).shuffled(using: &generator)
        .prefix(options.accuracyCount))
  }

  /// The share of the images that a graph tells right.
  func accuracy(of graph: Graph) throws -> Double {
    try NetworkScores(graph, images: images, threads: threads).matrix(items, data)?.accuracy ?? 0
  }

  /// The first so many images that can be read, as the model's input, with their labels.
  func samples(_ count: Int) -> (tensor: Tensor, labels: [Int]) {
    var (found, labels): ([FloatImage], [Int]) = ([], [])
    for item in items where found.count < count {
      guard let image = try? images.image(item).get() else { continue }
      found.append(image)
      labels.append(item.label)
    }
    return (images.tensor(found), labels)
  }
}
