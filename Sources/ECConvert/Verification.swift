import ECDiagnostics
import ECExecution
import ECGraph
import ECOperators
import ECTensor

/// Runs a reference and a result on the same random inputs and compares their outputs.
struct Verification {
  /// The reference: the source, masked where channels were removed.
  let reference: Graph
  /// The result, as read back from its file.
  let result: Graph
  /// How many of the last outputs are logits. A difference of theirs below the tolerance is nothing
  /// behind a softmax or sigmoid, however small all of them are.
  let logitCount: Int
  /// How the result takes its inputs, compared with the reference.
  let inputLayouts: InputLayouts

  /// What was found.
  struct Outcome {
    var samples = 0
    var largestAbsolute = 0.0
    var largestRelative = 0.0
    /// The first output outside the tolerance.
    var failure: ConversionFault?

    /// As the report has it.
    func report(_ reference: String) -> FormatObject {
      [
        "reference": .string(reference), "samples": .int(samples),
        "maxAbsoluteDifference": .float(largestAbsolute),
        "maxRelativeDifference": .float(largestRelative), "passed": .bool(failure == nil),
      ]
    }
  }

  /// Runs `samples` samples in batches of one and two.
  /// - Throws: `ExecutionError` if one of the two can't be run.
  func run(_ options: ConversionOptions, threads: Int) throws -> Outcome {
    var outcome = Outcome()
    var random = RandomInputs(seed: options.seed ^ 0x5EED)
    let range = reference.inputRange
    // One program of each at a time: weights of two large models needn't be held together.
    var batches: [Int] = []
    var left = options.verifySamples
    let fixed = reference.inputs.first.flatMap { reference[$0].type.shape.first?.value }
    while left > 0 {
      let size = fixed ?? min(left, 8)
      batches.append(size)
      left -= size
    }
    for size in batches {
      let shapes = try Evaluator.inputShapes(of: reference, batch: size)
      let inputs = shapes.map { random.tensor(shape: $0, in: range) }
      let expected = try self.expected(inputs, shapes, options, threads)
      let given = inputs.enumerated().map { inputLayouts.moved($1, $0) }
      let found = try Evaluator(graph: result, inputShapes: given.map(\.shape), threads: threads)
        .run(given)
      outcome.samples += size
      compare(found, expected, options, &outcome)
    }
    return outcome
  }

  /// What the source gives; where it can't be run, it is at fault and not the conversion.
  private func expected(
    _ inputs: [Tensor], _ shapes: [[Int]], _ options: ConversionOptions, _ threads: Int
  ) throws -> [Tensor] {
    do throws(ExecutionError) {
      return try Evaluator(graph: reference, inputShapes: shapes, threads: threads).run(inputs)
    } catch {
      guard case .kernel(let words) = error.reason else { throw error }
      throw ConversionFault(.cannotRun(words), at: .file(options.input).appending(error.place))
    }
  }

  /// What a verification says that had to leave out carried nodes.
  static func limits(_ parts: RunnableParts) -> String {
    let count = parts.carriedNodes.count
    let nodes = count == 1 ? "'\(parts.carriedNodes[0])'" : "\(count) carried nodes"
    let outputs = parts.unseenOutputs.map { "'\($0)'" }.joined(separator: ", ")
    return "verified up to and from \(nodes), which can't be run"
      + (outputs.isEmpty ? "" : "; output \(outputs) can't be computed without")
  }

  /// The relative difference that rounding may cost.
  ///
  /// A half-precision number has 11 bits, so that one rounding of weights already costs 5e-4.
  static func roundingTolerance(of graphs: [Graph]) -> Double {
    graphs.contains(where: \.computesInHalfPrecision) ? 2e-2 : 1e-4
  }

  private func compare(
    _ found: [Tensor], _ expected: [Tensor], _ options: ConversionOptions, _ outcome: inout Outcome
  ) {
    let allowed = options.relativeTolerance ?? Self.roundingTolerance(of: [reference, result])
    for (k, (result, truth)) in zip(found, expected).enumerated() {
      let difference = Difference(result, reference: truth)
      let isLogits = k >= found.count - logitCount
      let relative =
        isLogits
        ? difference.absolute / max(difference.magnitude, 1) : difference.relative
      outcome.largestAbsolute = max(outcome.largestAbsolute, difference.absolute)
      outcome.largestRelative = max(outcome.largestRelative, relative)
      let passes =
        isLogits && relative <= allowed
        || difference.passes(relative: allowed, absolute: options.absoluteTolerance)
      if !passes && outcome.failure == nil {
        outcome.failure = ConversionFault(
          .differs(
            output: reference[reference.outputs[k]].name, difference: difference.absolute,
            relative: difference.relative, tolerance: allowed),
          at: .file(options.output ?? options.input))
      }
    }
  }
}

extension Graph {
  /// The range of numbers that the model is made for: bytes where its first step scales them down.
  var inputRange: ClosedRange<Float> {
    let readers = consumers()
    for input in inputs {
      for (node, _) in readers[input] ?? [] {
        guard let op = self[node].op as? Elementwise,
          let scale = self[node].inputs.compactMap({ constant($0)?.floats().first }).first
        else { continue }
        if op.kind == .multiply && scale.magnitude < 0.02 { return 0...255 }
        if op.kind == .divide && scale.magnitude > 50 { return 0...255 }
      }
    }
    return -1...1
  }

  /// Whether results of nodes are of half precision.
  var computesInHalfPrecision: Bool {
    nodes.contains { node in
      node.outputs.contains { [.float16, .bfloat16].contains(self[$0].type.elementType) }
    }
  }

  /// This graph with operands multiplied by masks, and filled where channels became constants.
  func masked(_ masks: [OperandMask]) throws(GraphError) -> Graph {
    var graph = self
    for (k, entry) in masks.enumerated() {
      guard var operand = graph[entry.node].inputs[entry.operand] else { continue }
      let steps: [(kind: BinaryKernel, constant: Tensor?)] = [
        (.multiply, entry.mask), (.add, entry.fill),
      ]
      for (kind, constant) in steps {
        guard let constant else { continue }
        let id = graph.addConstant("\(kind)\(k)", constant)
        let node = try graph.insert(
          Elementwise(kind: kind), name: "masked\(k)", inputs: [operand, id],
          origin: "verification", before: entry.node)
        operand = graph[node].outputs[0]
      }
      graph.setInput(entry.node, entry.operand, operand)
    }
    return graph
  }
}

/// What stands in for removed channels where an operator reads them.
struct OperandMask {
  let node: NodeID
  let operand: Int
  /// 1 for what stays and 0 for what leaves, broadcast against the operand.
  let mask: Tensor
  /// What is added after that, if anything.
  let fill: Tensor?
}
