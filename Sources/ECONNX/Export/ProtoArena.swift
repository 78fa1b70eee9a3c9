import CONNX
import CProtobufC
import Glibc

/// Owns the C messages of one model while it is packed.
final class ProtoArena {
  private var blocks: [UnsafeMutableRawPointer] = []

  deinit {
    for block in blocks { free(block) }
  }

  /// A zeroed C struct, set up by its `init` function.
  func make<Message>(_ setUp: (UnsafeMutablePointer<Message>) -> Void) -> UnsafeMutablePointer<
    Message
  > {
    let message = allocate(Message.self, count: 1)
    setUp(message)
    return message
  }

  /// A message unpacked from its bytes, with fields that the schema lacks; `nil` if they are broken.
  func unpack<Message>(
    _ bytes: [UInt8],
    _ unpack: (UnsafeMutablePointer<ProtobufCAllocator>?, Int, UnsafePointer<UInt8>?)
      -> UnsafeMutablePointer<Message>?
  ) -> UnsafeMutablePointer<Message>? {
    var allocator = ProtobufCAllocator(
      alloc: { arena, count in
        guard let arena else { return nil }
        return Unmanaged<ProtoArena>.fromOpaque(arena).takeUnretainedValue()
          .block(byteCount: count)
      }, free: { _, _ in }, allocator_data: Unmanaged.passUnretained(self).toOpaque())
    return bytes.withUnsafeBufferPointer { unpack(&allocator, $0.count, $0.baseAddress) }
  }

  /// A zeroed array.
  func allocate<Element>(_ type: Element.Type, count: Int) -> UnsafeMutablePointer<Element> {
    block(byteCount: max(count, 1) * MemoryLayout<Element>.stride)
      .bindMemory(to: Element.self, capacity: max(count, 1))
  }

  private func block(byteCount: Int) -> UnsafeMutableRawPointer {
    guard let block = calloc(max(byteCount, 1), 1) else { preconditionFailure("out of memory") }
    blocks.append(block)
    return block
  }

  /// A copy of a text, ended by NUL.
  func text(_ text: String) -> UnsafeMutablePointer<CChar> {
    let bytes = Array(text.utf8)
    let copy = allocate(CChar.self, count: bytes.count + 1)
    for (k, byte) in bytes.enumerated() { copy[k] = CChar(bitPattern: byte) }
    return copy
  }

  /// A copy of bytes.
  func bytes(_ text: String) -> ProtobufCBinaryData {
    let bytes = Array(text.utf8)
    let copy = allocate(UInt8.self, count: bytes.count)
    for (k, byte) in bytes.enumerated() { copy[k] = byte }
    return ProtobufCBinaryData(len: bytes.count, data: copy)
  }

  /// A C array of pointers.
  func array<Element>(_ items: [UnsafeMutablePointer<Element>]) -> UnsafeMutablePointer<
    UnsafeMutablePointer<Element>?
  > {
    let array = allocate(UnsafeMutablePointer<Element>?.self, count: items.count)
    for (k, item) in items.enumerated() { array[k] = item }
    return array
  }

  /// A C array of numbers.
  func numbers<Element>(_ items: [Element]) -> UnsafeMutablePointer<Element> {
    let array = allocate(Element.self, count: items.count)
    for (k, item) in items.enumerated() { array[k] = item }
    return array
  }
}
