import ECExecution
import ECGraph
import ECOperators
import ECPasses
import ECTensor

extension Graph {
  /// The largest magnitude that every activation reaches on some inputs; those behind carried nodes
  /// are left out, since they can't be computed.
  ///
  /// Runs a copy in which each activation is reduced where it is made, so that none has to be kept.
  func largestMagnitudes(on inputs: [Tensor], threads: Int) throws -> [ValueID: Float] {
    var probe = self
    var probed: [ValueID] = []
    var results: [ValueID] = []
    let behind = valuesBehindCarriedNodes
    for id in self.inputs + nodes.flatMap(\.outputs) where !behind.contains(id) {
      let type = self[id].type
      guard type.elementType.isFloatingPoint, type.rank > 0 else { continue }
      let size = try probe.insert(
        Activation(kind: .abs), name: "probe", inputs: [id], origin: "probe")
      let largest = try probe.insert(
        Reduce(kind: .maximum, reducedAxes: Array(0..<type.rank), keepDims: false), name: "probe",
        inputs: [probe[size].outputs[0]], origin: "probe")
      probed.append(id)
      results.append(probe[largest].outputs[0])
    }
    probe.setOutputs(results)
    if !behind.isEmpty { _ = try RemoveUnused().run(on: &probe) }
    let evaluator = try Evaluator(
      graph: probe, inputShapes: inputs.map(\.shape), threads: threads)
    let found = try evaluator.run(inputs)
    return Dictionary(
      uniqueKeysWithValues: zip(probed, found.map { $0.floats().first ?? 0 }))
  }
}
