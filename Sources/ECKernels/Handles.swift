import CONEDNN
import Glibc

/// The processor as oneDNN sees it, with the stream on which kernels are executed.
final class Engine {
  let raw: dnnl_engine_t
  let stream: dnnl_stream_t

  init() throws(KernelError) {
    var engine: dnnl_engine_t?
    try check(dnnl_engine_create(&engine, dnnl_cpu, 0), "engine")
    guard let engine else { throw KernelError(.library(call: "engine", status: "no handle")) }
    var stream: dnnl_stream_t?
    let status = dnnl_stream_create(&stream, engine, UInt32(dnnl_stream_default_flags.rawValue))
    guard status == dnnl_success, let stream else {
      dnnl_engine_destroy(engine)
      throw KernelError(.library(call: "stream", status: "status \(status.rawValue)"))
    }
    (self.raw, self.stream) = (engine, stream)
  }

  deinit {
    dnnl_stream_destroy(stream)
    dnnl_engine_destroy(raw)
  }
}

/// A kernel that oneDNN has chosen but not compiled.
final class Description {
  let raw: dnnl_primitive_desc_t

  /// Takes over a handle.
  init(_ raw: dnnl_primitive_desc_t) {
    self.raw = raw
  }

  deinit { dnnl_primitive_desc_destroy(raw) }

  /// The layout that the kernel wants of an operand.
  func layout(_ what: dnnl_query_t, _ index: Int32 = 0) throws(KernelError) -> Layout {
    guard let desc = dnnl_primitive_desc_query_md(raw, what, index) else {
      throw KernelError(.library(call: "layout query", status: "no layout"))
    }
    return Layout(desc.pointee)
  }

  /// The name of the implementation, such as `brgconv:avx512_core`.
  var implementation: String {
    var name: UnsafePointer<CChar>?
    guard dnnl_primitive_desc_query(raw, dnnl_query_impl_info_str, 0, &name) == dnnl_success,
      let name
    else { return "?" }
    return String(cString: name)
  }

  /// Whether it's one of the slow implementations that exist for completeness.
  var isReference: Bool { implementation.contains("ref") }
}

/// A compiled kernel.
final class Primitive {
  let raw: dnnl_primitive_t

  init(_ description: Description, name: String) throws(KernelError) {
    var raw: dnnl_primitive_t?
    try check(dnnl_primitive_create(&raw, description.raw), name)
    guard let raw else { throw KernelError(.library(call: name, status: "no handle")) }
    self.raw = raw
  }

  deinit { dnnl_primitive_destroy(raw) }
}

/// A layout bound to an address.
final class BoundMemory {
  let raw: dnnl_memory_t

  init(_ layout: Layout, _ engine: Engine, _ address: UnsafeMutableRawPointer)
    throws(KernelError)
  {
    var raw: dnnl_memory_t?
    var desc = layout.desc
    try check(dnnl_memory_create(&raw, &desc, engine.raw, address), "memory")
    guard let raw else { throw KernelError(.library(call: "memory", status: "no handle")) }
    self.raw = raw
  }

  func move(to address: UnsafeMutableRawPointer) throws(KernelError) {
    try check(dnnl_memory_set_data_handle(raw, address), "memory address")
  }

  deinit { dnnl_memory_destroy(raw) }
}

/// The attributes of a kernel: what is applied to its result, and that its scratch memory is ours.
final class Attributes {
  let raw: dnnl_primitive_attr_t

  init(_ stages: [PostOp]) throws(KernelError) {
    var made: dnnl_primitive_attr_t?
    try check(dnnl_primitive_attr_create(&made), "attributes")
    guard let made else { throw KernelError(.library(call: "attributes", status: "no handle")) }
    raw = made
    // The library's own scratch memory belongs to the thread that built the kernel.
    try check(
      dnnl_primitive_attr_set_scratchpad_mode(raw, dnnl_scratchpad_mode_user), "scratch mode")
    guard !stages.isEmpty else { return }
    var list: dnnl_post_ops_t?
    try check(dnnl_post_ops_create(&list), "post-operations")
    defer { dnnl_post_ops_destroy(list) }
    for stage in stages {
      switch stage {
      case .sum:
        try check(dnnl_post_ops_append_sum(list, 1), "sum post-operation")
      case .eltwise(let function):
        try check(
          dnnl_post_ops_append_eltwise(list, 1, function.kind, function.alpha, function.beta),
          "eltwise post-operation")
      }
    }
    try check(dnnl_primitive_attr_set_post_ops(raw, list), "post-operations")
  }

  deinit { dnnl_primitive_attr_destroy(raw) }
}

/// What the library applies to a result before storing it.
enum PostOp {
  /// The destination's former contents are added.
  case sum
  case eltwise(NativeEltwise)
}

/// Memory on a cache line's boundary.
final class Block {
  let address: UnsafeMutableRawPointer
  let byteCount: Int

  init(byteCount: Int) throws(KernelError) {
    var address: UnsafeMutableRawPointer?
    guard posix_memalign(&address, 64, max(byteCount, 64)) == 0, let address else {
      throw KernelError(.memory(byteCount: byteCount))
    }
    (self.address, self.byteCount) = (address, byteCount)
  }

  deinit { free(address) }
}

/// The values of a constant, copied or lent.
final class ConstantValues {
  let address: UnsafeMutableRawPointer
  let byteCount: Int
  private let owner: AnyObject

  /// Copies the values unless their memory's owner is given.
  init(_ values: UnsafeBufferPointer<Float>, owner: AnyObject?) {
    byteCount = values.count * MemoryLayout<Float>.size
    if let owner, let base = values.baseAddress {
      // Kernels only read constants.
      address = UnsafeMutableRawPointer(mutating: base)
      self.owner = owner
    } else {
      let copy = Copy(values)
      address = copy.address
      self.owner = copy
    }
  }

  /// Takes over a block.
  init(_ block: Block) {
    (address, byteCount, owner) = (block.address, block.byteCount, block)
  }

  private final class Copy {
    let address: UnsafeMutableRawPointer

    init(_ values: UnsafeBufferPointer<Float>) {
      address = .allocate(byteCount: max(values.count * 4, 64), alignment: 64)
      if let base = values.baseAddress {
        address.copyMemory(from: base, byteCount: values.count * 4)
      }
    }

    deinit { address.deallocate() }
  }
}
