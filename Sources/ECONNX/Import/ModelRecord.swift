import ECGraph
import ECTensor

/// A name compared byte by byte: Swift's own equality would take `é` for `e` + accent.
struct ExactName: Hashable {
  let text: String

  init(_ text: String) { self.text = text }

  static func == (a: ExactName, b: ExactName) -> Bool {
    a.text.utf8.elementsEqual(b.text.utf8)
  }

  func hash(into hasher: inout Hasher) {
    for byte in text.utf8 { hasher.combine(byte) }
    hasher.combine(0xFF as UInt8)
  }
}

/// An ONNX file as it is written, before any operator is looked up.
struct ModelRecord {
  var irVersion = 0
  var opsets: [(domain: String, version: Int)] = []
  var producer = ""
  var metadata: [(key: String, value: String)] = []
  var hasTraining = false
  /// The bytes of the model-local functions, as FunctionProto.
  var functions: [Range<Int>] = []
  var graph = GraphRecord()

  /// The version of the standard operator set.
  var opset: Int? { opsets.filter { $0.domain.isEmpty }.map(\.version).max() }
}

/// The graph of a file.
struct GraphRecord {
  var name = ""
  var nodes: [NodeRecord] = []
  var initializers: [(name: String, tensor: Tensor)] = []
  var inputs: [EdgeRecord] = []
  var outputs: [EdgeRecord] = []
}

/// An input or output of a graph.
struct EdgeRecord {
  let name: String
  /// The type; `nil` where it isn't that of a tensor with a shape.
  let type: ValueType?
}

/// A node of a file.
struct NodeRecord {
  var name = ""
  var type = ""
  /// Empty for the standard operator set.
  var domain = ""
  var inputs: [String] = []
  var outputs: [String] = []
  var attributes: FormatObject = [:]
  /// The attributes that hold graphs or types, by name: the bytes of the AttributeProto.
  var opaque: [(name: String, range: Range<Int>)] = []
  /// Outer values that subgraphs may read.
  var captures: [String] = []
  /// The bytes of the NodeProto.
  var range = 0..<0

  /// What messages call the node.
  var title: String { name.isEmpty ? outputs.first { !$0.isEmpty } ?? type : name }
}
