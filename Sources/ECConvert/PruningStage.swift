import ECDiagnostics
import ECGraph
import ECTensor

struct PruningStage {
  let options: ConversionOptions
  let threads: Int
  struct Result {
    var graph: Graph
    var reference: Graph
    var planText: String
    func report(final: Graph) throws -> FormatObject { [:] }
    func masks() throws -> [(node: NodeID, operand: Int, mask: Tensor)] { [] }
  }
  func run(_ source: SourceModel, warnings: inout [String]) throws -> Result {
    Result(graph: source.graph, reference: source.graph, planText: "")
  }
}
