public import ECGraph
public import OrderedCollections

/// One model of a batch: what goes in, what comes out, and how.
public struct BatchJob: Sendable {
  /// The source's path.
  public let input: String
  /// The result's path inside the output folder; unique within a batch.
  public let output: String
  /// Options of `convert` by their long names, as in its `--config` files.
  public let options: FormatObject

  /// Makes a job.
  public init(input: String, output: String, options: FormatObject = [:]) {
    self.input = input
    self.output = output
    self.options = options
  }

  /// The options with others put over them.
  public func overridden(by others: FormatObject) -> BatchJob {
    BatchJob(input: input, output: output, options: options.merging(others) { $1 })
  }
}

/// A part of a batch, as in `--shard 2/5`: every fifth job, starting with the second.
public struct BatchShard: Sendable, Equatable {
  /// Which part, from 1.
  public let number: Int
  /// How many parts there are.
  public let count: Int

  /// Reads `2/5`.
  public init?(_ text: String) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false).map { Int($0) }
    guard parts.count == 2, let number = parts[0], let count = parts[1], count >= 1,
      (1...count).contains(number)
    else { return nil }
    self.number = number
    self.count = count
  }

  /// Whether a job belongs to this part.
  /// - Parameter index: the job's position in the batch, from 0.
  package func contains(_ index: Int) -> Bool { index % count == number - 1 }

  /// The part as it stands in names of files: `2-of-5`.
  package var label: String { "\(number)-of-\(count)" }
}
