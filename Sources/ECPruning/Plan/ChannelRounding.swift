/// How the number of kept channels is rounded up.
public enum ChannelRounding: Sendable, Equatable {
  /// To a multiple of 16 in groups of at least 128 channels, of 8 from 32; of half as many, down to
  /// 4, where rounding would take back more than a third of what was to be removed. Of 4 in any case
  /// from 16 channels on: other counts are slower in the common runtimes than the next multiple.
  case automatic
  /// To a multiple of a number; 1 rounds nothing.
  case multiple(Int)

  /// The rounded number: at least `kept`, at most `channels`.
  func round(_ kept: Int, of channels: Int) -> Int {
    switch self {
    case .multiple(let step): return Self.roundedUp(kept, of: channels, to: step)
    case .automatic:
      guard channels >= 16 else { return kept }
      var step = channels >= 128 ? 16 : channels >= 32 ? 8 : 4
      while step > 4 {
        let rounded = Self.roundedUp(kept, of: channels, to: step)
        if (rounded - kept) * 3 <= channels - kept { return rounded }
        step /= 2
      }
      return Self.roundedUp(kept, of: channels, to: step)
    }
  }

  private static func roundedUp(_ kept: Int, of channels: Int, to step: Int) -> Int {
    min(channels, (kept + step - 1) / step * step)
  }
}
