import CONEDNN

extension Lowering {
  mutating func lowerReshape(_ node: Node) throws(KernelError) {
    let x = node.inputs[0]
    for placement in placements[x] {
      if let layout = placement.layout.reshaped(shapes[node.output]) {
        define(
          node.output, Placement(slot: placement.slot, offset: placement.offset, layout: layout))
        return
      }
    }
    var source = try obtainRowMajor(x)
    source.layout = try .rowMajor(shapes[node.output])
    define(node.output, source)
  }

  mutating func lowerTranspose(_ node: Node, _ permutation: [Int]) throws(KernelError) {
    var source = try obtainPlain(node.inputs[0])
    source.layout = try source.layout.transposed(permutation)
    define(node.output, source)
  }

  mutating func lowerConcat(_ node: Node, axis: Int) throws(KernelError) {
    let inputs = node.inputs.map { main($0) }
    let blocked = inputs.allSatisfy { $0.layout.strides == nil }
    if blocked, let made = try addConcat(inputs, axis, .free(shapes[node.output])) {
      return define(node.output, made)
    }
    // The order of the first plain part decides.
    let order = inputs.lazy.compactMap { $0.layout.isPlainDense ? $0.layout.order : nil }.first
    let axes = order ?? Array(shapes[node.output].indices)
    var parts: [Placement] = []
    for value in node.inputs {
      parts.append(try obtain(value, Layout(dims: shapes[value], axes: axes)))
    }
    let layout = try Layout(dims: shapes[node.output], axes: axes)
    guard let made = try addConcat(parts, axis, layout, allowsReference: true) else {
      throw KernelError(.library(call: "concat", status: "unimplemented"))
    }
    define(node.output, made)
  }

  private mutating func addConcat(
    _ parts: [Placement], _ axis: Int, _ result: Layout, allowsReference: Bool = false
  ) throws(KernelError) -> Placement? {
    let attributes = try Attributes([])
    var raw: dnnl_primitive_desc_t?
    let sources = parts.map(\.layout.desc)
    var desc = result.desc
    let status = dnnl_concat_primitive_desc_create(
      &raw, &desc, Int32(parts.count), Int32(axis), sources, attributes.raw, engine.raw)
    guard status == dnnl_success, let raw else { return nil }
    let description = Description(raw)
    if description.isReference, !allowsReference { return nil }
    let output = allocate(try description.layout(dnnl_query_dst_md))
    let operands = parts.enumerated().map { (Argument.parts + Int32($0), $1) }
    try addStep("concat", description, operands + [(Argument.destination, output)])
    return output
  }

  mutating func lowerSlice(_ node: Node, starts: [Int], steps: [Int]) throws(KernelError) {
    let source = try obtainPlain(node.inputs[0])
    let strides = source.layout.strides ?? []
    let layout = try Layout(
      dims: shapes[node.output], strides: zip(strides, steps).map { $0 * $1 })
    let start = zip(strides, starts).map { $0 * $1 }.reduce(0, +)
    let window = Placement(
      slot: source.slot, offset: source.offset + start * MemoryLayout<Float>.size, layout: layout)
    let order = source.layout.order ?? Array(starts.indices)
    let output = allocate(try Layout(dims: shapes[node.output], axes: order))
    try addReorder(from: window, to: output)
    define(node.output, output)
  }

  mutating func lowerPad(_ node: Node, begin: [Int], value: Float) throws(KernelError) {
    let source = try obtainPlain(node.inputs[0])
    let order = source.layout.order ?? Array(begin.indices)
    let output = allocate(try Layout(dims: shapes[node.output], axes: order))
    let count = output.layout.count
    addLoop("fill", [output]) { slots in
      output.floats(slots).update(repeating: value, count: count)
    }
    let strides = output.layout.strides ?? []
    let start = zip(strides, begin).map { $0 * $1 }.reduce(0, +)
    let inner = Placement(
      slot: output.slot, offset: output.offset + start * MemoryLayout<Float>.size,
      layout: try Layout(dims: shapes[node.inputs[0]], strides: strides))
    try addReorder(from: source, to: inner)
    define(node.output, output)
  }

  mutating func lowerGather(_ node: Node, axis: Int, indices: [Int]) throws(KernelError) {
    let source = try obtainPlain(node.inputs[0])
    let dims = source.layout.dims
    let order = source.layout.order ?? Array(dims.indices)
    let output = allocate(try Layout(dims: shapes[node.output], axes: order))
    let position = order.firstIndex(of: axis) ?? 0
    let outer = order[..<position].map { dims[$0] }.reduce(1, *)
    let inner = order[(position + 1)...].map { dims[$0] }.reduce(1, *)
    let length = dims[axis]
    addLoop("gather", [source, output]) { slots in
      let from = source.floats(slots)
      var to = output.floats(slots)
      for block in 0..<outer {
        for index in indices {
          to.update(from: from + (block * length + index) * inner, count: inner)
          to += inner
        }
      }
    }
    define(node.output, output)
  }
}
