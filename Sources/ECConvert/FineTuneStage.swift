import ECDiagnostics
import ECExecution
import ECFineTune
import ECGraph
import ECImage
import ECPasses
import ECTensor
import Glibc

/// Gives a network a new classifier for the classes of a data set.
struct FineTuneStage {
  let options: ConversionOptions
  let fineTune: FineTuneOptions
  let threads: Int
  let progress: @Sendable (String, Double?) -> Void

  /// What fine-tuning gives.
  struct Result {
    /// The network with its new classifier, in the layout of the source.
    let graph: Graph
    /// Whether the layers of the source are all there.
    let keepsLayers: Bool
    /// The names of the classes in the order of the scores.
    let classes: [String]
    /// What was done, for the report.
    var report: FormatObject
    /// Lines for a person.
    let summary: [String]
    /// Where things were kept; to be removed once the output has its name.
    let checkpoint: CheckpointFolder?
  }

  /// Learns a classifier on the features of `slim`.
  /// - Parameter isKeras: whether a Keras file is written, which has probabilities.
  func run(
    _ slim: Graph, _ source: SourceModel, isKeras: Bool, warnings: inout [String]
  ) throws -> Result {
    try fineTune.precision.check()
    var data = try DataSet.read(fineTune.data)
    data.splitValidation(share: fineTune.validationSplit, seed: options.seed)
    warnings += data.notes
    var graph = slim
    let classifier = try Classifier(in: graph)
    warnings += notes(on: classifier, graph)
    let site = try classifier.prepare(
      &graph, layout: source.layout,
      addsSoftmax: classifier.layer == nil || (isKeras && !classifier.hasSoftmax) ? true : nil)
    let checkpoint = try checkpointFolder()
    let network = FeatureSource(
      graph: graph, value: site.features, width: site.width, name: "features",
      images: try ImageSource(
        data, graph: graph, source: source, options: options, fineTune: fineTune,
        threads: threads),
      checkpoint: checkpoint, threads: threads, seed: options.seed,
      precision: fineTune.precision)
    let training = trainedLayers.map {
      NetworkTraining(
        fineTune: fineTune, layers: $0, images: network.images, checkpoint: checkpoint,
        threads: threads, seed: options.seed, progress: progress)
    }
    try training?.check(graph, data)

    let rows = try network.rows(data.items) { [progress] in progress("computing features", $0) }
    warnings += rows.broken.map { "skipped \($0.place): \($0.what)" }
    data = try data.filtered(rows.isUsable)
    let parts = rows.parts(data)
    var material = HeadTrainer.Material(
      train: parts.train, validation: parts.validation, classCount: data.classes.count)
    if let path = fineTune.teacher {
      material.teacher = try teacherScores(path, data, checkpoint)
    }
    if fineTune.augments && fineTune.layers == .head {
      let items = data.train
      material.epochRows = { [progress] epoch in
        try network.changedRows(items, epoch: epoch) {
          progress("computing features of changed images, epoch \(epoch)", $0)
        }
      }
    }
    let trained = try train(material, checkpoint, fingerprint: rows.fingerprint)
    try site.fill(
      &graph, kernel: Tensor(trained.head.kernel, shape: [data.classes.count, site.width]),
      bias: Tensor(trained.head.bias, shape: [data.classes.count]))
    graph.setClasses(data.classes)

    let head = trained.head
    var report = FineTuneReport(data, brokenCount: rows.broken.count)
    report.layer = classifier.layer
    report.width = site.width
    report.preprocessing = network.images.preprocessing
    report.epochs = trained.epochs
    report.best = trained.best
    if let training {
      let outcome = try training.run(
        graph, data, teacher: material.teacher?.scores, fingerprint: rows.fingerprint)
      graph = outcome.graph
      report.optimizer = fineTune.optimizer ?? .adamw
      report.layers = fineTune.layers
      report.head = trained.epochs[trained.best]
      (report.epochs, report.best) = (outcome.epochs, outcome.best)
      if outcome.best == nil {
        warnings.append(
          "training more than the classifier made the validation loss no lower, so the classifier "
            + "alone is kept; more images, --augment or a lower --learning-rate may help")
      }
      let scores = try NetworkScores(graph, images: network.images, threads: threads)
      report.validation = try scores.matrix(data.validation, data)
      report.test = try scores.matrix(data.test, data)
    } else {
      report.optimizer = fineTune.optimizer ?? .lbfgs
      report.validation = try matrix(head, parts.validation, data)
      report.test = try matrix(head, parts.test, data)
    }
    return Result(
      graph: graph, keepsLayers: classifier.keepsLayers, classes: data.classes,
      report: report.object, summary: report.lines, checkpoint: checkpoint)
  }

  /// The layers that are trained besides the classifier's.
  private var trainedLayers: TrainedLayers? {
    switch fineTune.layers {
    case .head: nil
    case .last(let count): .last(count)
    case .all: .all
    }
  }

  private func notes(on classifier: Classifier, _ graph: Graph) -> [String] {
    var notes: [String] = []
    if classifier.layer == nil {
      notes.append("the model has no classifier; a new one follows its output")
    }
    if graph.outputs.count > 1 {
      let left = graph.outputs.dropFirst().map { "'\(graph[$0].name)'" }.joined(separator: ", ")
      notes.append("left out the outputs besides the first: \(left)")
    }
    return notes
  }

  private func matrix(
    _ head: LinearHead, _ features: LabelledFeatures, _ data: LabelledImages
  ) throws(FineTuneError) -> ConfusionMatrix? {
    guard features.count > 0 else { return nil }
    return ConfusionMatrix(
      labels: features.labels, predictions: try head.predictions(features),
      classCount: data.classes.count)
  }

  /// The folder for what is kept; `nil` where there is no output to put it beside.
  private func checkpointFolder() throws(FineTuneError) -> CheckpointFolder? {
    if let path = fineTune.checkpoint {
      return try CheckpointFolder(path: path, resumes: fineTune.resumes)
    }
    guard let output = options.output, output != "-", !options.dryRun else { return nil }
    let path = OutputFile.sibling(".\(OutputFile.name(of: output)).checkpoint", of: output)
    return try CheckpointFolder(path: path, resumes: fineTune.resumes)
  }

  // MARK: Teacher

  /// What another network of the same classes says about the training images.
  private func teacherScores(
    _ path: String, _ data: LabelledImages, _ checkpoint: CheckpointFolder?
  ) throws -> HeadTrainer.TeacherScores {
    let source = try SourceModel.read(path)
    let graph = source.graph
    let count = data.classes.count
    guard let output = graph.outputs.first, graph[output].type.shape.last?.value == count else {
      let type = graph.outputs.first.map { "\(graph[$0].type)" } ?? "nothing"
      throw ConversionFault(
        .teacher("the teacher gives \(type), but there are \(count) classes"), at: .file(path))
    }
    let network = FeatureSource(
      graph: graph, value: output, width: count, name: "teacher",
      images: try ImageSource(
        data, graph: graph, source: source, options: options, fineTune: fineTune,
        threads: threads),
      checkpoint: checkpoint, threads: threads, seed: options.seed)
    let rows = try network.rows(data.train) { [progress] in progress("asking the teacher", $0) }
    var scores = rows.store.rows(Array(data.train.indices))
    // Logarithms of probabilities are scores, but for a shift that changes nothing.
    if try Classifier(in: graph).hasSoftmax { scores = scores.map { log(max($0, 1e-20)) } }
    return HeadTrainer.TeacherScores(scores: scores)
  }

  // MARK: Training

  private func train(
    _ material: HeadTrainer.Material, _ folder: CheckpointFolder?, fingerprint: UInt64
  ) throws -> HeadTrainer.Result {
    var trainer = HeadTrainer()
    // Before other layers move, the classifier gets where it would end without them.
    if fineTune.layers == .head {
      trainer.optimizer =
        fineTune.optimizer.flatMap { HeadTrainer.Optimizer(rawValue: $0.rawValue) } ?? .lbfgs
      trainer.epochs = fineTune.epochs ?? (trainer.optimizer == .lbfgs ? 200 : 60)
      if let decay = fineTune.weightDecay { trainer.weightDecay = decay }
      if let batch = fineTune.batch { trainer.batch = batch }
      trainer.learningRate = fineTune.learningRate
    }
    trainer.patience = fineTune.patience
    trainer.balancesClasses = fineTune.balancesClasses
    trainer.seed = options.seed
    // What decides the result beside the features.
    var whole = Fingerprint()
    whole.add(fingerprint)
    whole.add("\(trainer) \(fineTune.augments) \(fineTune.teacher ?? "")")
    trainer.threads = threads
    let most = trainer.epochs
    let checkpoint = folder.map { TrainingCheckpoint(in: $0, fingerprint: whole.value) }
    return try trainer.train(material, checkpoint: checkpoint) { epoch, _ in
      progress("training", Double(epoch + 1) / Double(most))
    }
  }
}
