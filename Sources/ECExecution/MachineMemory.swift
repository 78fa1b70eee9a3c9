import ECGraph
import ECMachine

/// The memory that this process may take.
public enum MachineMemory {
  /// - Throws: `ExecutionError.memory` for more bytes than there are.
  public static func check(_ needed: Int) throws(ExecutionError) {
    let available = Machine.current.memoryByteCount
    if needed > available {
      throw ExecutionError(.memory(needed: needed, available: available))
    }
  }
}

extension Graph {
  /// The bytes that the largest node needs for what it reads and makes; all of the graph needs more.
  func largestByteCount(batch: Int) -> Int {
    nodes.reduce(0) { largest, node in
      let values = node.inputs.compactMap { $0 } + node.outputs
      let bytes = values.reduce(0) { sum, value in
        let type = self[value].type
        let samples = type.shape.contains { $0.value == nil } ? batch : 1
        return sum.plus(type.elementCountOfSample.times(samples).times(4))
      }
      return max(largest, bytes)
    }
  }
}
