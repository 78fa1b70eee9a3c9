/// The state of training in small batches, kept in a checkpoint folder.
///
/// The file is a row of float64 numbers; a fingerprint in front tells states of other runs apart.
public struct TrainingCheckpoint: Sendable {
  private let folder: CheckpointFolder
  private let fingerprint: UInt64
  private static let name = "state"

  /// Describes where the state is kept, and of which run.
  public init(in folder: CheckpointFolder, fingerprint: UInt64) {
    (self.folder, self.fingerprint) = (folder, fingerprint)
  }

  /// Keeps the state after an epoch.
  func save(_ state: MinibatchTrainer.State, _ standing: HeadTrainer.Standing)
    throws(FineTuneError)
  {
    var numbers = [
      Double(bitPattern: fingerprint), Double(state.epoch), Double(state.step),
      Double(standing.best.epoch), standing.best.loss, Double(standing.figures.count),
    ]
    for figures in standing.figures {
      numbers += [figures.loss, figures.accuracy, figures.validationAccuracy ?? -1]
    }
    numbers += state.parameters + state.first + state.second + standing.best.parameters
    try folder.save(numbers.withUnsafeBytes { Array($0) }, as: TrainingCheckpoint.name)
  }

  /// What was kept; `nil` if there is nothing, or it is of another run.
  func load(parameterCount count: Int) -> (MinibatchTrainer.State, HeadTrainer.Standing)? {
    guard let bytes = folder.load(TrainingCheckpoint.name), bytes.count % 8 == 0,
      bytes.count >= 48
    else { return nil }
    let numbers = bytes.withUnsafeBytes { bytes in
      (0..<(bytes.count / 8)).map { bytes.loadUnaligned(fromByteOffset: $0 * 8, as: Double.self) }
    }
    guard numbers[0].bitPattern == fingerprint, let figures = Int(exactly: numbers[5]),
      figures >= 0, numbers.count == 6 + 3 * figures + 4 * count
    else { return nil }
    var state = MinibatchTrainer.State(count: count)
    var standing = HeadTrainer.Standing()
    (state.epoch, state.step) = (Int(numbers[1]), Int(numbers[2]))
    (standing.best.epoch, standing.best.loss) = (Int(numbers[3]), numbers[4])
    for k in 0..<figures {
      let at = 6 + 3 * k
      standing.figures.append(
        EpochFigures(
          loss: numbers[at], accuracy: numbers[at + 1],
          validationAccuracy: numbers[at + 2] < 0 ? nil : numbers[at + 2]))
    }
    let start = 6 + 3 * figures
    func part(_ k: Int) -> [Double] { Array(numbers[start...].dropFirst(k * count).prefix(count)) }
    (state.parameters, state.first, state.second) = (part(0), part(1), part(2))
    standing.best.parameters = part(3)
    return (state, standing)
  }
}
