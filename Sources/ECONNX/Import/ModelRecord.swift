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
  var documentation = ONNXDocumentation()
  var hasTraining = false
  /// The paths of the files beside the model that hold its weights.
  var dataFiles: [String] = []
  /// The model-local functions.
  var functions: [FunctionRecord] = []
  var graph = GraphRecord()

  /// The version of the standard operator set.
  var opset: Int? { version(of: "") }

  /// The version of a domain's operator set.
  func version(of domain: String) -> Int? {
    opsets.filter { $0.domain == domain }.map(\.version).max()
  }
}

/// The graph of a file.
struct GraphRecord {
  var name = ""
  var nodes: [NodeRecord] = []
  var initializers: [(name: String, tensor: Tensor)] = []
  /// Initializers of element types that are only carried, as Constant nodes.
  var carriedInitializers: [NodeRecord] = []
  var inputs: [EdgeRecord] = []
  var outputs: [EdgeRecord] = []
  /// The types that the file states for other values.
  var stated: [EdgeRecord] = []

  /// The names of all initializers.
  var initializerNames: [String] {
    initializers.map(\.name) + carriedInitializers.compactMap(\.outputs.first)
  }
}

/// An input or output of a graph.
struct EdgeRecord {
  let name: String
  /// The type; one that is only carried where it isn't that of a tensor of numbers, `nil` where a
  /// tensor has no shape.
  let type: ValueType?
}

/// A node of a file.
struct NodeRecord {
  var name = ""
  var type = ""
  /// Empty for the standard operator set.
  var domain = ""
  /// Which of several functions of one name is meant.
  var overload = ""
  var inputs: [String] = []
  var outputs: [String] = []
  var attributes: FormatObject = [:]
  /// The attributes whose values are those of the function's call: by name, the call's attribute.
  var references: [(name: String, of: String)] = []
  /// The attributes that hold graphs or types, by name: the bytes of the AttributeProto.
  var opaque: [(name: String, range: Range<Int>)] = []
  /// Outer values that subgraphs may read.
  var captures: [String] = []
  /// The bytes of the NodeProto.
  var bytes: Tensor
  /// The version of the operator set, where it isn't the model's.
  var version: Int?
  /// Why no rule may read the node: it calls a function that can't be inlined.
  var obstacle: String?

  init(bytes: Tensor) {
    self.bytes = bytes
  }

  /// What messages call the node.
  var title: String { name.isEmpty ? outputs.first { !$0.isEmpty } ?? type : name }
}
