public import ECGraph
import ECOperators

/// Gives inputs another order of axes, and puts it back before their readers.
///
///     y = Conv(x: [n, 3, h, w])     becomes     t = Transpose{[0, 3, 1, 2]}(x: [n, h, w, 3])   y = Conv(t)
///
/// Holds after: inputs have their names, and the wanted extents.
public struct MoveInputChannels: Pass {
  public let name = "move-input-channels"
  public let summary = "takes images with their channels at the other end"

  /// For every input the order of its axes in the result, or `nil` where it stays.
  private let orders: [[Int]?]

  /// Makes the pass; `orders` has one entry for each input.
  public init(orders: [[Int]?]) {
    self.orders = orders
  }

  public func run(on graph: inout Graph) throws(PassError) -> PassReport {
    var changes = 0
    for (id, order) in zip(graph.inputs, orders) {
      guard let order else { continue }
      var back = order
      for (place, axis) in order.enumerated() { back[axis] = place }
      let type = graph[id].type
      let readers = graph.consumers()[id] ?? []
      graph.setInputType(id, ValueType(type.elementType, order.map { type.shape[$0] }))
      do throws(GraphError) {
        let node = try graph.insert(
          Transpose(order: back), name: "\(graph[id].name)/moved", inputs: [id], origin: name,
          before: readers.first?.node)
        for (reader, operand) in readers {
          graph.setInput(reader, operand, graph[node].outputs[0])
        }
      } catch {
        throw PassError(pass: name, underlying: error)
      }
      changes += 1
    }
    return PassReport(changes: changes)
  }
}
