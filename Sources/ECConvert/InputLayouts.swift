import ECGraph
import ECOperators
import ECPasses
import ECTensor

/// Which inputs get their channels moved to the other end.
struct InputLayouts {
  /// For every input the order of its axes in the result, or `nil` where it stays; empty where all do.
  let orders: [[Int]?]

  /// Nothing is moved.
  static let unchanged = InputLayouts(orders: [])

  init(orders: [[Int]?]) {
    self.orders = orders
  }

  /// Finds where every image of a graph has its channels, and what must move to get the wanted layout.
  /// - Parameter known: where they are, for formats in which that is no question.
  /// - Throws: `ConversionFault.layoutUnknown` if neither the readers nor the extents of an image say
  ///   where its channels are.
  init(
    _ graph: Graph, wanted: ConversionOptions.InputLayout, known: ImageLayout?
  ) throws(ConversionFault) {
    let target: ImageLayout = wanted == .nchw ? .channelsFirst : .channelsLast
    let readers = graph.consumers()
    var orders: [[Int]?] = []
    for id in graph.inputs {
      guard graph[id].type.rank == 4 else {
        orders.append(nil)
        continue
      }
      guard
        let layout = known ?? graph.layout(of: id, readers) ?? graph[id].type.likelyLayout
      else {
        throw ConversionFault(
          .layoutUnknown(input: graph[id].name, type: "\(graph[id].type)"),
          at: .option(wanted == .nchw ? "--inputs-as-nchw" : "--inputs-as-nhwc"))
      }
      orders.append(layout == target ? nil : layout.order(to: target, rank: 4))
    }
    self.orders = orders
  }

  /// An input of the source as the result takes it.
  func moved(_ tensor: Tensor, _ position: Int) -> Tensor {
    guard position < orders.count, let order = orders[position] else { return tensor }
    return tensor.permuted(order)
  }
}

extension Graph {
  /// The layout that the readers of an image want, as far as they say.
  fileprivate func layout(
    of id: ValueID, _ readers: [ValueID: [(node: NodeID, operand: Int)]]
  ) -> ImageLayout? {
    for (reader, operand) in readers[id] ?? [] {
      let node = self[reader]
      if let transpose = node.op as? Transpose {
        if transpose.order == [0, 3, 1, 2] { return .channelsLast }
        if transpose.order == [0, 2, 3, 1] { return .channelsFirst }
      }
      let letters = node.op.axes.operands[min(operand, node.op.axes.operands.count - 1)].letters
      if letters.count == 4, let h = letters.firstIndex(of: "h") {
        return h == 2 ? .channelsFirst : .channelsLast
      }
      let isPlain = node.op is any LayoutFreeOperator || node.op is Pad
      if isPlain, self[node.outputs[0]].type.rank == 4,
        let layout = layout(of: node.outputs[0], readers)
      {
        return layout
      }
    }
    return nil
  }
}

extension ValueType {
  /// The layout that the extents suggest: pictures have one, three or four channels, and more pixels.
  fileprivate var likelyLayout: ImageLayout? {
    func isFew(_ axis: Int) -> Bool { shape[axis].value.map { [1, 3, 4].contains($0) } ?? false }
    if isFew(1) == isFew(3) { return nil }
    return isFew(1) ? .channelsFirst : .channelsLast
  }
}
