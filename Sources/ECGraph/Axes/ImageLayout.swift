/// Where the channels of an image batch stand.
public enum ImageLayout: String, Sendable, Hashable, Codable {
  /// `[n, c, h, w]`, the layout of ONNX.
  case channelsFirst
  /// `[n, h, w, c]`, the default of Keras.
  case channelsLast

  /// The axis of the channels in a tensor of a rank.
  public func channelAxis(rank: Int) -> Int {
    switch self {
    case .channelsFirst: min(1, rank - 1)
    case .channelsLast: rank - 1
    }
  }

  /// The axes of the picture (h, w, …) in a tensor of a rank.
  public func spatialAxes(rank: Int) -> Range<Int> {
    switch self {
    case .channelsFirst: 2..<max(2, rank)
    case .channelsLast: 1..<max(1, rank - 1)
    }
  }

  /// The order of axes that turns this layout into `other`: axis k of the result is axis `order[k]`.
  public func order(to other: ImageLayout, rank: Int) -> [Int] {
    if self == other { return Array(0..<rank) }
    switch self {
    case .channelsLast: return [0, rank - 1] + Array(1..<(rank - 1))
    case .channelsFirst: return [0] + Array(2..<rank) + [1]
    }
  }

  /// The position of an axis of this layout in `other`.
  public func axis(_ axis: Int, in other: ImageLayout, rank: Int) -> Int {
    order(to: other, rank: rank).firstIndex(of: axis) ?? axis
  }

  /// Axis letters in this layout: `of("n c h w")` is `n h w c` for channels last.
  public func of(_ letters: String) -> String {
    let parts = letters.split(separator: " ").map(String.init)
    guard self == .channelsLast, parts.count > 2 else { return letters }
    return ([parts[0]] + parts[2...] + [parts[1]]).joined(separator: " ")
  }

  /// An image shape from its parts.
  public func shape<T>(batch: T, channels: T, spatial: [T]) -> [T] {
    switch self {
    case .channelsFirst: [batch, channels] + spatial
    case .channelsLast: [batch] + spatial + [channels]
    }
  }
}
