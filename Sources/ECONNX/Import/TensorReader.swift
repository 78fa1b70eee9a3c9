import CONNX
import CProtobufC
import ECDiagnostics
import ECTensor

/// Reads tensors of one file: views of the map wherever the bytes lie there as they are needed.
struct TensorReader {
  let bytes: UnsafeRawBufferPointer
  let storage: TensorStorage
  let external: ExternalFiles

  /// The numbers of TensorProto's fields.
  private enum Field {
    static let floats: UInt32 = 4
    static let int32s: UInt32 = 5
    static let strings: UInt32 = 6
    static let int64s: UInt32 = 7
    static let raw: UInt32 = 9
    static let doubles: UInt32 = 10
    static let uint64s: UInt32 = 11
    static let heavy: Set<UInt32> = [floats, int32s, strings, int64s, raw, doubles, uint64s]
  }

  /// What the small fields of a tensor say.
  private struct Header {
    let name: String
    let elementType: ElementType
    let shape: [Int]
    let isExternal: Bool
    let entries: [String: String]
  }

  /// Whether tensors of an element type that isn't read are carried as they are.
  static func isCarried(_ type: Int) -> Bool { (1...26).contains(type) }

  /// The bytes in `range` as they lie in the file.
  func view(_ range: Range<Int>) -> Tensor {
    Tensor(
      elementType: .uint8, shape: [range.count], storage: storage, byteOffset: range.lowerBound)
  }

  /// The name of the TensorProto in `range`.
  func name(_ range: Range<Int>) throws(ONNXError) -> String {
    try WireMessage(bytes, range, heavy: Field.heavy).withLight(
      onnx__tensor_proto__unpack, free: onnx__tensor_proto__free_unpacked, at: range.lowerBound
    ) { (light) throws(ONNXError) in text(light.name) }
  }

  /// The name and the elements of the TensorProto in `range`.
  /// - Throws: `ONNXError` for sizes that disagree, unknown element types, refused external data.
  func tensor(_ range: Range<Int>) throws(ONNXError) -> (name: String, tensor: Tensor) {
    let message = try WireMessage(bytes, range, heavy: Field.heavy)
    let header = try header(message, at: range.lowerBound)
    do {
      return (header.name, try elements(message, header))
    } catch {
      throw header.name.isEmpty ? error : error.inside(.weight(header.name))
    }
  }

  private func header(_ message: WireMessage, at offset: Int) throws(ONNXError) -> Header {
    try message.withLight(
      onnx__tensor_proto__unpack, free: onnx__tensor_proto__free_unpacked, at: offset
    ) { (light) throws(ONNXError) -> Header in
      let name = text(light.name)
      let place = name.isEmpty ? Place() : Place.weight(name)
      guard let type = ElementType(rawValue: light.data_type) else {
        throw ONNXError(.elementType(Int(light.data_type)), at: place)
      }
      if light.segment != nil {
        throw ONNXError(.node("a tensor in segments isn't supported"), at: place)
      }
      var shape: [Int] = []
      for k in 0..<light.n_dims { shape.append(Int(light.dims[k])) }
      guard TensorReader.byteCount(shape, type) != nil else {
        throw ONNXError(.extents(shape), at: place)
      }
      return Header(
        name: name, elementType: type, shape: shape,
        isExternal: light.data_location == ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL,
        entries: TensorReader.entries(light))
    }
  }

  /// The bytes that extents need; `nil` where one is negative or the product overflows.
  static func byteCount(_ shape: [Int], _ type: ElementType) -> Int? {
    var count = type.byteCount
    for extent in shape where extent < 0 { return nil }
    if shape.contains(0) { return 0 }
    for extent in shape {
      let (product, overflows) = count.multipliedReportingOverflow(by: extent)
      if overflows { return nil }
      count = product
    }
    return count
  }

  private func elements(_ message: WireMessage, _ header: Header) throws(ONNXError) -> Tensor {
    let type = header.elementType
    let needed = TensorReader.byteCount(header.shape, type) ?? 0
    if header.isExternal {
      let part = try external.bytes(header.entries, expected: needed)
      return Tensor(
        elementType: type, shape: header.shape, storage: part.storage, byteOffset: part.offset)
    }
    if let raw = message.payload(Field.raw) {
      return try view(raw, header, needed)
    }
    switch type {
    case .float32: return try fixed(message.payloads(Field.floats), header, needed)
    case .float64: return try fixed(message.payloads(Field.doubles), header, needed)
    case .int64: return try whole(message.payloads(Field.int64s), header, UInt64.self)
    case .uint32: return try whole(message.payloads(Field.uint64s), header, UInt32.self)
    case .uint64: return try whole(message.payloads(Field.uint64s), header, UInt64.self)
    case .int32: return try whole(message.payloads(Field.int32s), header, UInt32.self)
    // Half-precision numbers are stored as their bit patterns.
    case .int16, .uint16, .float16, .bfloat16:
      return try whole(message.payloads(Field.int32s), header, UInt16.self)
    case .int8, .uint8, .bool:
      return try whole(message.payloads(Field.int32s), header, UInt8.self)
    }
  }

  private func view(_ range: Range<Int>, _ header: Header, _ needed: Int) throws(ONNXError)
    -> Tensor
  {
    guard range.count == needed else {
      throw ONNXError(.tensorSize(expected: needed, found: range.count))
    }
    return Tensor(
      elementType: header.elementType, shape: header.shape, storage: storage,
      byteOffset: range.lowerBound)
  }

  /// Numbers of fixed width: packed, they lie in the file as in memory.
  private func fixed(_ ranges: [Range<Int>], _ header: Header, _ needed: Int) throws(ONNXError)
    -> Tensor
  {
    if ranges.count == 1 { return try view(ranges[0], header, needed) }
    let found = ranges.reduce(0) { $0 + $1.count }
    guard found == needed else { throw ONNXError(.tensorSize(expected: needed, found: found)) }
    let gathered = TensorStorage(byteCount: needed) { target in
      var position = 0
      for range in ranges {
        UnsafeMutableRawBufferPointer(rebasing: target[position...])
          .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[range]))
        position += range.count
      }
    }
    return Tensor(elementType: header.elementType, shape: header.shape, storage: gathered)
  }

  /// Numbers of variable length, packed or one by one.
  private func whole<Element: FixedWidthInteger & UnsignedInteger>(
    _ ranges: [Range<Int>], _ header: Header, _ type: Element.Type
  ) throws(ONNXError) -> Tensor {
    var elements: [Element] = []
    for range in ranges {
      var reader = WireReader(bytes, range)
      while reader.offset < range.upperBound {
        elements.append(Element(truncatingIfNeeded: try reader.varint()))
      }
    }
    let width = header.elementType.byteCount
    let needed = TensorReader.byteCount(header.shape, header.elementType) ?? 0
    guard elements.count * width == needed else {
      throw ONNXError(.tensorSize(expected: needed, found: elements.count * width))
    }
    let storage = TensorStorage(byteCount: needed) { target in
      elements.withUnsafeBytes { target.copyMemory(from: $0) }
    }
    return Tensor(elementType: header.elementType, shape: header.shape, storage: storage)
  }
}
