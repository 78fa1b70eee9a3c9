import ECTensor
import ECTestSupport
import Testing

/// An array indexed naively, as the truth that views are compared with.
private struct Naive {
  var shape: [Int]
  var numbers: [Float]

  subscript(index: [Int]) -> Float {
    var offset = 0
    for (k, extent) in shape.enumerated() { offset = offset * extent + index[k] }
    return numbers[offset]
  }

  static func indices(_ shape: [Int]) -> [[Int]] {
    shape.reduce([[]]) { lists, extent in
      lists.flatMap { list in (0..<extent).map { list + [$0] } }
    }
  }

  func permuted(_ order: [Int]) -> Naive {
    let target = order.map { shape[$0] }
    let numbers = Naive.indices(target).map { index -> Float in
      var source = index
      for (k, axis) in order.enumerated() { source[axis] = index[k] }
      return self[source]
    }
    return Naive(shape: target, numbers: numbers)
  }

  func gathered(_ axis: Int, _ positions: [Int]) -> Naive {
    var target = shape
    target[axis] = positions.count
    let numbers = Naive.indices(target).map { index -> Float in
      var source = index
      source[axis] = positions[index[axis]]
      return self[source]
    }
    return Naive(shape: target, numbers: numbers)
  }
}

private func make(_ shape: [Int]) -> (Tensor, Naive) {
  let numbers = (0..<shape.reduce(1, *)).map { Float($0) * 0.5 }
  return (Tensor(numbers, shape: shape), Naive(shape: shape, numbers: numbers))
}

@Test(arguments: [[3, 2, 0, 1], [0, 1, 2, 3], [1, 0, 3, 2], [2, 3, 1, 0]])
func `a permuted view reads as the permuted array`(order: [Int]) {
  let (tensor, naive) = make([3, 2, 5, 19])
  #expect(tensor.permuted(order).floats() == naive.permuted(order).numbers)
  #expect(tensor.permuted(order).shape == naive.permuted(order).shape)
}

@Test(arguments: 0..<3)
func `gathering composes with permuting and gathering`(axis: Int) {
  let (tensor, naive) = make([6, 7, 18])
  let first = [5, 0, 2, 2]
  let view = tensor.gathered(axis: axis, first).permuted([2, 0, 1])
  let truth = naive.gathered(axis, first).permuted([2, 0, 1])
  #expect(view.floats() == truth.numbers)
  let again = [1, 0]
  #expect(
    view.gathered(axis: 0, again).floats() == truth.gathered(0, again).numbers)
}

@Test func `pieces put together are the whole, whatever their size`() {
  let (tensor, _) = make([40, 3, 17])
  let view = tensor.permuted([2, 0, 1]).gathered(axis: 1, Array(stride(from: 0, to: 40, by: 3)))
  for size in [1, 100, 4096, 1 << 20] {
    var bytes: [UInt8] = []
    view.forEachPiece(pieceByteCount: size) { bytes += Array($0) }
    let whole = view.floats().withUnsafeBytes { Array($0) }
    #expect(bytes == whole)
  }
}

@Test func `slicing a view moves its start`() {
  let (tensor, naive) = make([8, 9])
  let view = tensor.permuted([1, 0]).sliced(axis: 0, 2..<5).sliced(axis: 1, 1..<4)
  let truth = naive.permuted([1, 0]).gathered(0, [2, 3, 4]).gathered(1, [1, 2, 3])
  #expect(view.floats() == truth.numbers)
}

@Test(arguments: [[6, 20], [2, 3, 4, 5], [120], [1, 6, 1, 20], [6, 4, 5], [24, 5]])
func `reshaping keeps the row-major order of the view`(shape: [Int]) {
  let (tensor, naive) = make([4, 6, 5])
  let view = tensor.permuted([1, 0, 2])
  #expect(view.reshaped(shape).floats() == naive.permuted([1, 0, 2]).numbers)
  #expect(view.reshaped(shape).shape == shape)
}

@Test func `reshaping a gathered view keeps its order`() {
  let (tensor, naive) = make([4, 6, 5])
  let view = tensor.gathered(axis: 1, [3, 1])
  #expect(view.reshaped([4, 1, 2, 5]).floats() == naive.gathered(1, [3, 1]).numbers)
  #expect(view.reshaped([8, 5]).floats() == naive.gathered(1, [3, 1]).numbers)
}

@Test func `numbers of other types become floats`() {
  let halves: [UInt16] = [0x3C00, 0xC000, 0x3800]
  let storage = TensorStorage(byteCount: 6) { bytes in
    halves.withUnsafeBytes { bytes.copyMemory(from: $0) }
  }
  let half = Tensor(elementType: .float16, shape: [3], storage: storage)
  #expect(half.floats() == [1, -2, 0.5])
  #expect(Tensor([7, -9], shape: [2]).integers() == [7, -9])
  #expect(Tensor([7, -9], shape: [2]).asFloat32().floats() == [7, -9])
}

@Test func `a mapped file reads at any alignment`() throws {
  let folder = Fixture.temporaryFolder()
  defer { Fixture.removeFolder(folder) }
  let numbers: [Float] = [1.5, -2.25, 1e-20, 7]
  let bytes: [UInt8] = [9, 9, 9] + numbers.withUnsafeBytes { Array($0) }
  Fixture.write(bytes, to: folder + "/a.bin")
  let file = try MappedFile(path: folder + "/a.bin")
  let tensor = Tensor(
    elementType: .float32, shape: [2, 2], storage: file.storage(), byteOffset: 3)
  #expect(tensor.floats() == numbers)
  #expect(tensor.permuted([1, 0]).floats() == [1.5, 1e-20, -2.25, 7])
  tensor.withFloats { #expect(Array($0) == numbers) }
  #expect(!tensor.ownsMemory)
}

@Test func `a missing file says why`() {
  let error = #expect(throws: MappedFileError.self) { try MappedFile(path: "/nowhere/at/all") }
  #expect(error?.message == "no such file or directory")
}
