import ECDiagnostics
import ECExecution
import ECGraph
import ECImage
import ECRandom
import ECTensor
import Glibc

/// Makes calibration samples for a model: from a file, from a folder of images, or out of nothing.
struct CalibrationSource {
  let options: ConversionOptions
  let graph: Graph
  let layout: ImageLayout
  let threads: Int

  /// The number of images drawn, where the network is run at a small size.
  static let drawnCount = 96
  /// The least images that go through the network at its own, larger size.
  static let wholeCount = 24
  /// The multiply-accumulates that more of them may take: a dense layer sees one sample an image, and
  /// what can be told apart of its channels ends with the number of samples.
  static let wholeWork = 1_000_000_000_000
  /// The sizes at which networks are run that accept any, the first that suits.
  static let smallSizes = [96, 128]
  /// The sizes that are tried where the model leaves its own open.
  static let openSizes = [96, 128, 224, 299]

  /// What the options ask for; `nil` if they ask for no data.
  /// - Throws: `ConversionFault` or `ImageError` if the data can't be read or doesn't fit the model.
  func inputs() throws -> CalibrationInputs? {
    switch options.calibration {
    case .some(.none): return nil
    case .path(let path):
      var status = stat()
      let isFolder = stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
      if isFolder || DataSet.isTable(path) { return try pictures(path) }
      return try bytes(path) ?? array(path)
    case .synthetic, nil: return try drawn()
    }
  }

  // MARK: Arrays

  private func array(_ path: String) throws -> CalibrationInputs {
    let input = try onlyInput()
    let tensor = try NumpyFile.read(path)
    let type = graph[input].type
    let fits =
      tensor.shape.count == type.rank
      && zip(tensor.shape, type.shape).dropFirst().allSatisfy { $1.value == nil || $0 == $1.value }
    guard fits, tensor.shape[0] >= 1 else {
      throw ConversionFault(
        .calibration("the array is \(tensor.shape), the model's input is \(type)"), at: .file(path))
    }
    return CalibrationInputs(
      whole: [tensor],
      description: ["source": .string("array"), "samples": .int(tensor.shape[0])])
  }

  private func onlyInput() throws(ConversionFault) -> ValueID {
    guard graph.inputs.count == 1, let input = graph.inputs.first else {
      throw ConversionFault(
        .calibration("the model has \(graph.inputs.count) inputs; one is supported"),
        at: .option("--calibration"))
    }
    return input
  }

  // MARK: Folders

  /// The images of a data set that are for training, or all images in a folder, in an order of
  /// chance.
  private func paths(_ path: String) throws -> [String] {
    if let data = try? DataSet.read(path) {
      var generator = SplitMix64(seed: options.seed)
      let paths = data.train.compactMap { item -> String? in
        if case .file(let path) = item.source { return path }
        return nil
      }
      return paths.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        .shuffled(using: &generator)
    }
    if DataSet.isTable(path) { _ = try DataSet.read(path) }
    return try ImageFolder(path).shuffled(seed: options.seed)
  }

  private func pictures(_ path: String) throws -> CalibrationInputs {
    let value = try onlyInput()
    guard let input = ImageInput(value, of: graph, layout: layout) else {
      throw ConversionFault(
        .calibration("the model's input is \(graph[value].type), not one image of 1 or 3 channels"),
        at: .file(path))
    }
    let files = try paths(path)
    let (images, broken) = loader(input).images(
      files, count: options.calibrationCount, threads: threads)
    guard !images.isEmpty else {
      throw ImageError(.allBroken(count: files.count), at: .file(path))
    }
    return inputs(images, input, source: "folder", broken: broken)
  }

  /// Pictures of bytes in an archive with their classes, which the model doesn't take as they are.
  private func bytes(_ path: String) throws -> CalibrationInputs? {
    guard path.lowercased().hasSuffix(".npz"), let data = try? DataSet.read(path),
      let array = data.arrays.first, !array.elementType.isFloatingPoint,
      let input = ImageInput(try onlyInput(), of: graph, layout: layout)
    else { return nil }
    var generator = SplitMix64(seed: options.seed)
    let loader = loader(input)
    let images = (0..<array.shape[0]).shuffled(using: &generator)
      .prefix(options.calibrationCount).map {
        loader.prepared(FloatImage(row: $0, of: array, input.channels))
      }
    return inputs(images, input, source: "array", broken: [])
  }

  /// Brings images to the model's size; what else it wants is found out later.
  private func loader(_ input: ImageInput) -> ImageLoader {
    var loader = ImageLoader(
      width: input.width ?? 224, height: input.height ?? 224, channels: input.channels)
    loader.interpolation = options.interpolation
    loader.cropsToAspectRatio = options.cropsToAspectRatio
    return loader
  }

  private func inputs(
    _ images: [FloatImage], _ input: ImageInput, source: String, broken: [ImageError]
  ) -> CalibrationInputs {
    let kind = preprocessing(input, graph, Array(images.prefix(8)))
    var inputs = CalibrationInputs(
      whole: [input.tensor(images.map { $0.preprocessed(kind.kind) })],
      description: [
        "source": .string(source), "samples": .int(images.count), "broken": .int(broken.count),
        "preprocessing": .string(kind.kind.rawValue),
      ])
    inputs.notes = broken.map { "skipped \($0.place): \($0.what)" }
    return inputs
  }

  private func preprocessing(
    _ input: ImageInput, _ graph: Graph, _ images: [FloatImage]
  ) -> (kind: Preprocessing, reason: String) {
    if let given = options.preprocessing { return (given, "--preprocess") }
    return PreprocessingGuess(graph: graph, input: input, threads: threads).find(on: images)
  }

  // MARK: Drawn images

  private func drawn() throws -> CalibrationInputs {
    let images = graph.inputs.map { ImageInput($0, of: graph, layout: layout) }
    guard images.count == 1, let input = images[0] else { return try mixed(images) }
    let size = try wholeSize(input)
    try MachineMemory.check(
      size.height.times(size.width).times(input.channels).times(CalibrationSource.drawnCount * 4))
    let isLarge = min(size.height, size.width) > (CalibrationSource.smallSizes.last ?? 0)
    let part = isLarge ? try smallPart(input, size) : nil
    let count = isLarge ? try wholeCount(input, size, part?.graph) : CalibrationSource.drawnCount
    let kind: (kind: Preprocessing, reason: String)
    var small: (part: ResizedGraph, inputs: [Tensor])?
    if let part {
      let drawn = draw(part.size, part.size, input.channels, CalibrationSource.drawnCount)
      kind = preprocessing(input, part.graph.graph, Array(drawn.prefix(8)))
      small = (part.graph, [input.tensor(drawn.map { $0.preprocessed(kind.kind) })])
    } else {
      kind = preprocessing(
        input, graph, draw(size.height, size.width, input.channels, 8))
    }
    let drawn = draw(size.height, size.width, input.channels, count)
    return CalibrationInputs(
      whole: [input.tensor(drawn.map { $0.preprocessed(kind.kind) })], small: small,
      description: [
        "source": .string("synthetic"),
        "samples": .int(part == nil ? count : CalibrationSource.drawnCount),
        "preprocessing": .string(kind.kind.rawValue),
      ])
  }

  /// The first `count` pictures of the seed, cut to a size.
  private func draw(_ height: Int, _ width: Int, _ channels: Int, _ count: Int) -> [FloatImage] {
    SyntheticImages(size: max(height, width), seed: options.seed)
      .images(count: count, channels: channels, threads: threads)
      .map { $0.cropped(left: 0, top: 0, width: width, height: height) }
  }

  /// The size that the whole graph is run at.
  private func wholeSize(_ input: ImageInput) throws -> (height: Int, width: Int) {
    if let height = input.height, let width = input.width { return (height, width) }
    for size in CalibrationSource.openSizes {
      let (height, width) = (input.height ?? size, input.width ?? size)
      let shape = input.shape(batch: 1, height: height, width: width)
      if (try? graph.resized(to: [shape], from: [shape])) != nil { return (height, width) }
    }
    throw ConversionFault(
      .calibration("the model accepts none of the sizes \(CalibrationSource.openSizes)"),
      at: .option("--input-shape"))
  }

  /// How many images are drawn at the network's own size.
  private func wholeCount(
    _ input: ImageInput, _ size: (height: Int, width: Int), _ part: ResizedGraph?
  ) throws -> Int {
    // Where nothing is left that the small size doesn't reach, one stands for the shape.
    if let part, graph.nodes.allSatisfy({ $0.outputs.allSatisfy(part.values.contains) }) {
      return 1
    }
    let shape = input.shape(batch: 1, height: size.height, width: size.width)
    let work = try graph.resized(to: [shape], from: [shape]).graph.macCount
    return min(
      CalibrationSource.drawnCount,
      max(CalibrationSource.wholeCount, CalibrationSource.wholeWork / max(1, work)))
  }

  /// The small size at which most of the graph can be run.
  private func smallPart(
    _ input: ImageInput, _ size: (height: Int, width: Int)
  ) throws -> (graph: ResizedGraph, size: Int)? {
    var best: (graph: ResizedGraph, size: Int)?
    // Any batch but one, so that a reshape that mixes it with positions is told.
    let whole = input.shape(batch: 7, height: size.height, width: size.width)
    for size in CalibrationSource.smallSizes {
      let shape = input.shape(batch: 7, height: size, width: size)
      guard let part = try? graph.resized(to: [shape], from: [whole]) else { return nil }
      if part.values.count > best?.graph.values.count ?? 0 { best = (part, size) }
    }
    return best
  }

  /// Samples for models of several inputs or of none that takes images: normal numbers for those.
  private func mixed(_ images: [ImageInput?]) throws -> CalibrationInputs {
    let count = CalibrationSource.wholeCount
    var tensors: [Tensor] = []
    for (k, value) in graph.inputs.enumerated() {
      if let input = images[k] {
        let drawn = draw(input.height ?? 96, input.width ?? 96, input.channels, count)
        tensors.append(input.tensor(drawn.map { $0.preprocessed(options.preprocessing ?? .tf) }))
      } else {
        let shape = [count] + graph[value].type.shape.dropFirst().map { $0.value ?? 16 }
        try MachineMemory.check(shape.reduce(4) { $0.times($1) })
        var generator = SplitMix64(seed: options.seed &+ UInt64(k))
        tensors.append(
          Tensor(shape: shape) { numbers in
            for k in numbers.indices { numbers[k] = Float(generator.normalPair().0) }
          })
      }
    }
    var inputs = CalibrationInputs(
      whole: tensors, description: ["source": .string("synthetic"), "samples": .int(count)])
    if images.contains(where: { $0 == nil }) {
      inputs.notes.append(
        "not every input takes images; normal numbers stand in for what the model is fed")
    }
    return inputs
  }
}
