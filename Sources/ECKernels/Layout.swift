import CONEDNN

/// A shape together with the way its elements are stored: oneDNN's memory descriptor.
///
/// Axes are always the logical ones. A layout is *plain* when strides alone describe it.
struct Layout: Equatable {
  var desc: dnnl_memory_desc_t

  init(_ desc: dnnl_memory_desc_t) {
    self.desc = desc
  }

  /// Strides in elements.
  init(dims: [Int], strides: [Int]) throws(KernelError) {
    desc = dnnl_memory_desc_t()
    try check(
      dnnl_memory_desc_init_by_strides(
        &desc, Int32(dims.count), padded(dims), dnnl_f32, padded(strides)),
      "memory description")
  }

  /// Dense, the axes stored from the slowest to the fastest as listed; a scalar counts as `[1]`.
  init(dims: [Int], axes: [Int]) throws(KernelError) {
    let dims = dims.isEmpty ? [1] : dims
    let axes = axes.isEmpty ? [0] : axes
    var strides = [Int](repeating: 1, count: dims.count)
    var step = 1
    for axis in axes.reversed() {
      strides[axis] = step
      step *= dims[axis]
    }
    try self.init(dims: dims, strides: strides)
  }

  static func rowMajor(_ dims: [Int]) throws(KernelError) -> Layout {
    try Layout(dims: dims, axes: Array(0..<dims.count))
  }

  /// The library is to choose.
  static func free(_ dims: [Int], _ type: dnnl_data_type_t = dnnl_f32) throws(KernelError) -> Layout
  {
    var desc = dnnl_memory_desc_t()
    try check(
      dnnl_memory_desc_init_by_tag(
        &desc, Int32(dims.count), padded(dims), type, dnnl_format_tag_any),
      "memory description")
    return Layout(desc)
  }

  static func == (a: Layout, b: Layout) -> Bool {
    withUnsafePointer(to: a.desc) { a in
      withUnsafePointer(to: b.desc) { b in dnnl_memory_desc_equal(a, b) != 0 }
    }
  }

  var rank: Int { Int(desc.ndims) }
  var dims: [Int] { elements(desc.dims, rank) }
  var count: Int { dims.reduce(1, *) }

  var byteCount: Int {
    withUnsafePointer(to: desc) { Int(dnnl_memory_desc_get_size($0)) }
  }

  /// Strides in elements, or nil where blocks or padding are involved.
  var strides: [Int]? {
    guard desc.format_kind == dnnl_blocked, desc.format_desc.blocking.inner_nblks == 0,
      elements(desc.padded_dims, rank) == dims
    else { return nil }
    return elements(desc.format_desc.blocking.strides, rank)
  }

  /// Whether the elements fill their memory without gaps, in whatever order.
  var isDense: Bool { byteCount == count * MemoryLayout<Float>.size }

  /// Whether it's plain and dense.
  var isPlainDense: Bool { strides != nil && isDense }

  /// The axes from the slowest to the fastest, where the layout is plain.
  var order: [Int]? {
    guard let strides else { return nil }
    let dims = dims
    // An axis of one element can stand anywhere; it keeps its logical place.
    let real = (0..<rank).filter { dims[$0] > 1 }.sorted { strides[$0] > strides[$1] }
    if real == real.sorted() { return Array(0..<rank) }
    var axes = real
    for axis in 0..<rank where dims[axis] == 1 {
      let before = axes.lastIndex { strides[$0] >= strides[axis] && $0 != axis }
      axes.insert(axis, at: before.map { $0 + 1 } ?? 0)
    }
    return axes
  }

  /// How an operand of other extents is best stored that is broadcast to this layout.
  ///
  /// Left to choose, the library takes its reference implementation.
  func broadcast(_ dims: [Int]) throws(KernelError) -> Layout {
    guard let order else { return try .free(dims) }
    return try Layout(dims: dims, axes: order)
  }

  /// The same memory with axes renamed: new axis `i` is old axis `permutation[i]`.
  func transposed(_ permutation: [Int]) throws(KernelError) -> Layout {
    var inverse = [Int32](repeating: 0, count: rankLimit)
    for (new, old) in permutation.enumerated() { inverse[old] = Int32(new) }
    var result = dnnl_memory_desc_t()
    let status = withUnsafePointer(to: desc) {
      dnnl_memory_desc_permute_axes(&result, $0, inverse)
    }
    try check(status, "transposition")
    return Layout(result)
  }

  /// The same memory under another shape, or nil where the order of elements forbids it.
  func reshaped(_ dims: [Int]) -> Layout? {
    let dims = dims.isEmpty ? [1] : dims
    if dims == self.dims { return self }
    if isDense, let order, order == Array(0..<rank) { return try? Layout.rowMajor(dims) }
    var result = dnnl_memory_desc_t()
    let status = withUnsafePointer(to: desc) {
      dnnl_memory_desc_reshape(&result, $0, Int32(dims.count), padded(dims))
    }
    return status == dnnl_success ? Layout(result) : nil
  }
}

/// The most axes that a memory description can have.
let rankLimit = 12

/// Sizes as the library takes them.
func padded(_ values: [Int]) -> [Int64] {
  values.map(Int64.init) + [Int64](repeating: 0, count: max(0, rankLimit - values.count))
}

/// The first elements of a C array.
private func elements<T>(_ array: T, _ count: Int) -> [Int] {
  withUnsafeBytes(of: array) { bytes in
    bytes.bindMemory(to: Int64.self).prefix(count).map { Int($0) }
  }
}

/// Turns a status into an error that names the call.
func check(_ status: dnnl_status_t, _ call: @autoclosure () -> String) throws(KernelError) {
  guard status == dnnl_success else {
    throw KernelError(.library(call: call(), status: statusName(status)))
  }
}

private func statusName(_ status: dnnl_status_t) -> String {
  switch status {
  case dnnl_out_of_memory: "out of memory"
  case dnnl_invalid_arguments: "invalid arguments"
  case dnnl_unimplemented: "unimplemented"
  case dnnl_iterator_ends: "no implementation"
  case dnnl_runtime_error: "runtime error"
  case dnnl_not_required: "not required"
  default: "status \(status.rawValue)"
  }
}
