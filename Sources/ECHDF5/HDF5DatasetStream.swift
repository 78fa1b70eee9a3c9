import CHDF5
import ECDiagnostics

/// A dataset being written piece by piece, in row-major order.
public struct HDF5DatasetStream: ~Copyable, Sendable {
  private let dataset: hid_t
  private let type: hid_t
  private let shape: [Int]
  private let width: Int
  private let place: Place
  private var written = 0

  init(dataset: hid_t, type: hid_t, shape: [Int], width: Int, place: Place) {
    self.dataset = dataset
    self.type = type
    self.shape = shape
    self.width = width
    self.place = place
  }

  deinit {
    let (dataset, type) = (dataset, type)
    try? Library.locked { () throws(HDF5Error) -> Void in
      _ = H5Idec_ref(dataset)
      _ = H5Idec_ref(type)
    }
  }

  /// The number of elements that the dataset takes.
  public var elementCount: Int { shape.reduce(1, *) }

  /// Writes the next floats of a float32 dataset.
  public mutating func append(_ numbers: UnsafeBufferPointer<Float>) throws(HDF5Error) {
    try append(UnsafeRawBufferPointer(numbers))
  }

  /// Writes the next elements, given as little-endian bytes of the dataset's type.
  public mutating func append(_ bytes: UnsafeRawBufferPointer) throws(HDF5Error) {
    let count = bytes.count / width
    guard bytes.count % width == 0, count <= elementCount - written else {
      throw HDF5Error(.elementCount(expected: elementCount, found: written + count), at: place)
    }
    var done = 0
    while done < count {
      let block = nextBlock(at: written, atMost: count - done)
      try write(block, bytes.baseAddress.map { $0 + done * width })
      done += block.elementCount
      written += block.elementCount
    }
  }

  /// Ends the dataset; throws where elements are missing.
  public consuming func finish() throws(HDF5Error) {
    guard written == elementCount else {
      throw HDF5Error(.elementCount(expected: elementCount, found: written), at: place)
    }
  }

  private struct Block {
    var start: [hsize_t]
    var extents: [hsize_t]
    var elementCount: Int
  }

  /// The largest box that starts at a row-major position and is a run of whole rows of some axis.
  private func nextBlock(at position: Int, atMost limit: Int) -> Block {
    var start = [hsize_t](repeating: 0, count: shape.count)
    var extents = [hsize_t](repeating: 1, count: shape.count)
    var block = Block(start: start, extents: extents, elementCount: 1)
    var stride = 1
    for axis in shape.indices.reversed() {
      let index = position / stride % shape[axis]
      start[axis] = hsize_t(index)
      // A run along this axis needs the position at the start of a row and room for one.
      if position % stride == 0, stride <= limit {
        let run = min(shape[axis] - index, limit / stride)
        block.extents = extents
        block.extents[axis] = hsize_t(run)
        block.elementCount = run * stride
      }
      extents[axis] = hsize_t(shape[axis])
      stride *= shape[axis]
    }
    block.start = start
    return block
  }

  private func write(_ block: Block, _ bytes: UnsafeRawPointer?) throws(HDF5Error) {
    let (dataset, type, place, isScalar) = (dataset, type, place, shape.isEmpty)
    // The lock is taken for each piece, so that the pieces may come out of another file.
    try Library.locked { () throws(HDF5Error) -> Void in
      let all = hid_t(H5S_ALL)
      guard !isScalar else {
        try Library.check(
          H5Dwrite(dataset, type, all, all, hid_t(H5P_DEFAULT), bytes), "writing", at: place)
        return
      }
      let space = try Handle(H5Dget_space(dataset), "writing", at: place)
      try Library.check(
        H5Sselect_hyperslab(space.id, H5S_SELECT_SET, block.start, nil, block.extents, nil),
        "writing", at: place)
      let memory = try Handle(
        H5Screate_simple(Int32(block.extents.count), block.extents, nil), "writing", at: place)
      try Library.check(
        H5Dwrite(dataset, type, memory.id, space.id, hid_t(H5P_DEFAULT), bytes), "writing",
        at: place)
    }
  }
}
