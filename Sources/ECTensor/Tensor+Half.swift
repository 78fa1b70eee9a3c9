extension Tensor {
  /// This tensor with every element rounded to the nearest float16; itself where it is that already.
  ///
  /// Numbers beyond ±65504 become infinite, those below 2⁻²⁵ zero.
  public func asFloat16() -> Tensor {
    if elementType == .float16 { return self }
    let storage = TensorStorage(byteCount: count * 2) { bytes in
      let target = bytes.bindMemory(to: Float16.self)
      withFloats { floats in
        for k in floats.indices { target[k] = Float16(floats[k]) }
      }
    }
    return Tensor(elementType: .float16, shape: shape, storage: storage)
  }
}
