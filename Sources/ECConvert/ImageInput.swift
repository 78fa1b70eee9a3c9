import ECGraph
import ECImage
import ECTensor

/// An input of a model that takes images.
struct ImageInput {
  /// The input.
  let value: ValueID
  /// Where its channels stand.
  let layout: ImageLayout
  /// 1 or 3.
  let channels: Int
  /// The extents of the picture; `nil` where the model leaves them open.
  let height, width: Int?

  /// Finds out whether an input takes images; `nil` if it doesn't.
  init?(_ value: ValueID, of graph: Graph, layout: ImageLayout) {
    let shape = graph[value].type.shape
    guard shape.count == 4 else { return nil }
    let other: ImageLayout = layout == .channelsLast ? .channelsFirst : .channelsLast
    for candidate in [layout, other] {
      guard let channels = shape[candidate.channelAxis(rank: 4)].value,
        channels == 1 || channels == 3
      else { continue }
      let axes = candidate.spatialAxes(rank: 4)
      self.value = value
      self.layout = candidate
      self.channels = channels
      height = shape[axes.lowerBound].value
      width = shape[axes.lowerBound + 1].value
      return
    }
    return nil
  }

  /// The shape of a batch of pictures.
  func shape(batch: Int, height: Int, width: Int) -> [Int] {
    layout.shape(batch: batch, channels: channels, spatial: [height, width])
  }

  /// Images of one size as a batch in the input's layout.
  func tensor(_ images: [FloatImage]) -> Tensor {
    guard let first = images.first else { return Tensor([Float](), shape: [0, 1, 1, 1]) }
    let length = first.samples.count
    let batch = Tensor(shape: [images.count, first.height, first.width, channels]) { numbers in
      for (k, image) in images.enumerated() {
        for (j, sample) in image.samples.enumerated() { numbers[k * length + j] = sample }
      }
    }
    return layout == .channelsLast
      ? batch : batch.permuted(ImageLayout.channelsLast.order(to: .channelsFirst, rank: 4))
  }
}
