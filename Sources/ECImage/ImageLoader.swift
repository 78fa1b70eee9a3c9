import Dispatch
import Synchronization

/// Reads image files the way a network wants its inputs.
public struct ImageLoader: Sendable {
  /// The number of columns of the result.
  public var width: Int
  /// The number of rows of the result.
  public var height: Int
  /// 1 or 3.
  public var channels: Int
  /// How the size is changed.
  public var interpolation = Interpolation.bilinear
  /// Whether the middle is cut out to the wanted aspect ratio, instead of distorting the whole.
  public var cropsToAspectRatio = false
  /// What is done to the samples.
  public var preprocessing = Preprocessing.none

  /// Prepares to load images of a size.
  public init(width: Int, height: Int, channels: Int) {
    (self.width, self.height, self.channels) = (width, height, channels)
  }

  /// One image.
  /// - Throws: `ImageError` if the file is broken.
  public func image(_ path: String) throws(ImageError) -> FloatImage {
    prepared(FloatImage(try Picture(contentsOf: path, channels: channels)))
  }

  /// An image of samples 0 to 255 brought to size and preprocessed.
  public func prepared(_ image: FloatImage) -> FloatImage {
    sized(image).preprocessed(preprocessing)
  }

  /// An image brought to size.
  func sized(_ image: FloatImage) -> FloatImage {
    let part = cropsToAspectRatio ? image.croppedToAspectRatio(width: width, height: height) : image
    return part.resized(width: width, height: height, interpolation)
  }

  /// The images among the first `paths` that can be read, up to `count`, and why others can't be.
  ///
  /// Files are decoded by `threads` workers; the result doesn't depend on their number.
  public func images(
    _ paths: [String], count: Int, threads: Int
  ) -> (images: [FloatImage], broken: [ImageError]) {
    var images: [FloatImage] = []
    var broken: [ImageError] = []
    var next = 0
    while next < paths.count && images.count < count {
      let part = Array(paths[next..<min(paths.count, next + count - images.count)])
      next += part.count
      for result in results(part, threads: threads) {
        switch result {
        case .success(let image): images.append(image)
        case .failure(let error): broken.append(error)
        }
      }
    }
    return (images, broken)
  }

  private func results(_ paths: [String], threads: Int) -> [Result<FloatImage, ImageError>] {
    parallelMap(paths.count, threads: threads) { k in
      Result { () throws(ImageError) in try image(paths[k]) }
    }
  }
}

/// The results of `body` for 0, 1, …, made by up to `threads` workers, in order.
func parallelMap<R: Sendable>(
  _ count: Int, threads: Int, _ body: @Sendable (Int) -> R
) -> [R] {
  let results = Mutex([R?](repeating: nil, count: count))
  let next = Atomic(0)
  DispatchQueue.concurrentPerform(iterations: max(1, min(threads, count))) { _ in
    while true {
      let k = next.wrappingAdd(1, ordering: .relaxed).oldValue
      guard k < count else { return }
      let result = body(k)
      results.withLock { $0[k] = result }
    }
  }
  return results.withLock { $0.compactMap { $0 } }
}
