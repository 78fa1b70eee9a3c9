import ECGraph

/// A new classifier between pruning and writing.
extension ConversionRun {
  /// Proves the slim graph against its source, then teaches it the classes of a data set.
  mutating func fineTune(
    _ slim: Graph, _ wanted: FineTuneOptions, _ source: SourceModel,
    _ pruned: PruningStage.Result?, isKeras: Bool
  ) throws -> Graph {
    if let pruned, options.verifySamples > 0 {
      begin("verification", "verifying")
      earlierVerification = try verify(slim, against: source, pruned, .unchanged)
      end()
    }
    begin("finetune", "reading \(wanted.data)")
    let stage = FineTuneStage(
      options: options, fineTune: wanted, threads: threads, progress: progress)
    let result = try stage.run(slim, source, isKeras: isKeras, warnings: &warnings)
    fineTuned = result
    end()
    return result.graph
  }

  /// Writes the names of the classes, one a line, to be put beside a model.
  /// - Returns: the name of the file, if there is one.
  func writeLabels(beside file: inout OutputFile) throws(ConversionFault) -> [String] {
    guard let fineTuned else { return [] }
    let name = "\(OutputFile.name(of: file.path)).labels.txt"
    let lines = fineTuned.classes.map { $0.filter { !$0.isNewline } + "\n" }
    try OutputFile.put(lines.joined(), toNewFile: try file.companion(name), file.path)
    return [name]
  }
}
