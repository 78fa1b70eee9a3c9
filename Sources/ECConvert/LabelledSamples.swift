import ECDiagnostics
import ECFineTune
import ECGraph
import ECImage
import ECRandom
import ECTensor

/// Some samples of a data set as a network takes them, with their classes.
struct LabelledSamples {
  /// The names of the classes.
  let classes: [String]
  /// The class of every sample, as a position in `classes`.
  let labels: [Int]
  /// The network's input, `[n, …]`.
  let input: Tensor
  /// Why images are missing.
  let broken: [ImageError]

  /// Draws samples for training, the classes in turn.
  ///
  /// The calibration data is taken where it tells classes, else that of fine-tuning.
  /// - Parameter count: the most samples; every class gives one even if that makes more.
  /// - Throws: `ConversionFault.noLabels` if neither tells classes, or what else is wrong with the data.
  init(
    _ options: ConversionOptions, _ source: SourceModel, graph: Graph, threads: Int
  ) throws {
    let (data, path) = try LabelledSamples.data(options)
    classes = data.classes
    let most = max(options.calibrationCount, classes.count)
    let items = LabelledSamples.drawn(data, most, seed: options.seed)
    if let (input, labels) = LabelledSamples.rows(items, data, fitting: graph) {
      (self.input, self.labels, broken) = (input, labels, [])
      return
    }
    let images = try ImageSource(
      data, graph: graph, source: source, options: options,
      fineTune: options.fineTune ?? FineTuneOptions(data: path), threads: threads)
    var (decoded, labels, broken) = ([FloatImage](), [Int](), [ImageError]())
    for item in items {
      switch images.image(item) {
      case .success(let image):
        decoded.append(image)
        labels.append(item.label)
      case .failure(let error): broken.append(error)
      }
    }
    guard !decoded.isEmpty else {
      throw ImageError(.allBroken(count: items.count), at: .file(path))
    }
    (self.labels, self.broken) = (labels, broken)
    input = images.tensor(decoded)
  }

  private static func data(
    _ options: ConversionOptions
  ) throws -> (data: LabelledImages, path: String) {
    var found: [String] = []
    if case .path(let path) = options.calibration {
      if let data = try? DataSet.read(path) { return (data, path) }
      found.append(path)
    }
    if let path = options.fineTune?.data { return (try DataSet.read(path), path) }
    throw ConversionFault(.noLabels(found: found.first), at: .option("--criterion"))
  }

  /// The training images of each class in an order of chance, one of each class after the other.
  private static func drawn(
    _ data: LabelledImages, _ count: Int, seed: UInt64
  ) -> [LabelledImages.Item] {
    var generator = SplitMix64(seed: seed)
    let shuffled = data.train.indices.shuffled(using: &generator)
    var turns = [Int](repeating: 0, count: data.classes.count)
    let keyed = shuffled.map { index -> (turn: Int, label: Int, index: Int) in
      let label = data.train[index].label
      defer { turns[label] += 1 }
      return (turns[label], label, index)
    }
    return keyed.sorted { ($0.turn, $0.label) < ($1.turn, $1.label) }.prefix(count)
      .map { data.train[$0.index] }
  }

  /// Rows of an array of numbers that the model takes as they are.
  private static func rows(
    _ items: [LabelledImages.Item], _ data: LabelledImages, fitting graph: Graph
  ) -> (input: Tensor, labels: [Int])? {
    guard let array = data.arrays.first, array.elementType.isFloatingPoint,
      graph.inputs.count == 1
    else { return nil }
    let type = graph[graph.inputs[0]].type
    let fits =
      array.shape.count == type.rank
      && zip(array.shape, type.shape).dropFirst().allSatisfy { $1.value == nil || $0 == $1.value }
    guard fits else { return nil }
    let rows = items.compactMap { item -> Int? in
      if case .row(array: 0, let row) = item.source { return row }
      return nil
    }
    return (array.gathered(axis: 0, rows), items.map(\.label))
  }
}
