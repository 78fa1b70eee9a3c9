import CONNX
import CProtobufC
import ECDiagnostics
import ECTensor

extension TensorReader {
  /// The largest sparse tensor that is spelled out, in bytes.
  private static let denseLimit = 1 << 31

  /// The SparseTensorProto in `range` with all its zeros; its name is that of its values.
  /// - Throws: `ONNXError` for indices outside the extents, or a dense size above 2 GiB.
  func sparseTensor(_ range: Range<Int>) throws(ONNXError) -> (name: String, tensor: Tensor) {
    let message = try WireMessage(bytes, range, heavy: [1, 2])
    let shape = try message.withLight(
      onnx__sparse_tensor_proto__unpack, free: onnx__sparse_tensor_proto__free_unpacked,
      at: range.lowerBound
    ) { (light) throws(ONNXError) -> [Int] in
      (0..<light.n_dims).map { Int(light.dims[$0]) }
    }
    guard let valueRange = message.payload(1), let indexRange = message.payload(2) else {
      throw ONNXError(.malformed("a sparse tensor without values", offset: range.lowerBound))
    }
    let (name, values) = try tensor(valueRange)
    let (_, indices) = try tensor(indexRange)
    let place = Place.weight(name)
    let type = values.elementType
    guard let byteCount = TensorReader.byteCount(shape, type),
      byteCount <= TensorReader.denseLimit
    else { throw ONNXError(.extents(shape), at: place) }
    guard let positions = indices.integers(),
      positions.count == values.count * (indices.shape.count == 2 ? shape.count : 1)
    else {
      throw ONNXError(.tensorSize(expected: values.byteCount, found: indices.byteCount), at: place)
    }
    let offsets = try linear(
      positions, shape, isTuple: indices.shape.count == 2, values.count, at: place)
    let width = type.byteCount
    let storage = TensorStorage(byteCount: byteCount) { target in
      target.initializeMemory(as: UInt8.self, repeating: 0)
      let compact = UnsafeMutableRawBufferPointer.allocate(
        byteCount: values.byteCount, alignment: 16)
      defer { compact.deallocate() }
      values.copyElements(into: compact)
      for (k, offset) in offsets.enumerated() {
        UnsafeMutableRawBufferPointer(rebasing: target[(offset * width)...]).copyMemory(
          from: UnsafeRawBufferPointer(rebasing: compact[(k * width)..<((k + 1) * width)]))
      }
    }
    return (name, Tensor(elementType: type, shape: shape, storage: storage))
  }

  private func linear(
    _ positions: [Int], _ shape: [Int], isTuple: Bool, _ count: Int, at place: Place
  ) throws(ONNXError) -> [Int] {
    let total = shape.reduce(1, *)
    var offsets: [Int] = []
    for k in 0..<count {
      var offset = 0
      if isTuple {
        for (axis, extent) in shape.enumerated() {
          let position = positions[k * shape.count + axis]
          guard position >= 0, position < extent else {
            throw ONNXError(.extents(shape), at: place)
          }
          offset = offset * extent + position
        }
      } else {
        offset = positions[k]
      }
      guard offset >= 0, offset < total else { throw ONNXError(.extents(shape), at: place) }
      offsets.append(offset)
    }
    return offsets
  }
}
