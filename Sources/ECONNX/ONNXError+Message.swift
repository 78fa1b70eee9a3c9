extension ONNXError {
  public var what: String {
    switch reason {
    case .unreadable(let words, _): words
    case .malformed(let words, let offset): "not a sound ONNX file: \(words) at byte \(offset)"
    case .nestedTooDeep(let limit): "messages are nested deeper than \(limit)"
    case .noGraph: "the model has no graph"
    case .version(let words): words
    case .duplicate(let kind, let name): "\(kind) '\(name)' is defined twice"
    case .undefined(let name): "operand '\(name)' is defined nowhere"
    case .tensorSize(let expected, let found):
      "the data has \(found) bytes, its extents need \(expected)"
    case .elementType(let type): "element type \(type) isn't supported"
    case .extents(let shape): "the extents \(shape) can't be"
    case .externalData(let words): "external data: \(words)"
    case .inputWithoutShape: "the input has no tensor type with a shape"
    case .unsupportedOperators(let lines):
      lines.count == 1 ? "an operator isn't supported" : "\(lines.count) operators aren't supported"
    case .node(let words): words
    case .cycle(let names): "the nodes need each other's results: \(names.joined(separator: " → "))"
    case .outputIsAlias(let name): "the output is the same value as '\(name)'"
    case .attributeValue(let found): "ONNX has no attribute of \(found)"
    case .opsetNotWritten(let version, let supported):
      "opset \(version) isn't written, only \(supported.lowerBound) to \(supported.upperBound)"
    case .notExpressible(let lines):
      lines.count == 1
        ? "an operator can't be said in ONNX" : "\(lines.count) operators can't be said in ONNX"
    case .tooLarge(let count): "\(count) bytes don't fit into one ONNX file"
    case .cannotWrite(let words): "can't be written: \(words)"
    }
  }

  public var details: [String] {
    switch reason {
    case .unsupportedOperators(let lines), .notExpressible(let lines): lines
    default: []
    }
  }

  static func standardRemedy(_ reason: Reason) -> String? {
    switch reason {
    case .tooLarge: "give --external-data auto to keep weights in a file beside it"
    case .inputWithoutShape: "give its extents with --input-shape"
    default: nil
    }
  }

  /// One of each, for the golden text of all messages.
  public static let samples: [ONNXError] = [
    .unreadable("no such file or directory", isMissing: true),
    .malformed("a length reaches beyond the end", offset: 42), .nestedTooDeep(limit: 100),
    .noGraph, .version("opset 5 is older than 7"), .duplicate(kind: "value", name: "x"),
    .undefined(name: "y"), .tensorSize(expected: 16, found: 12), .elementType(8),
    .extents([-1, 4]), .externalData("'../w.bin' leaves the model's folder"), .inputWithoutShape,
    .unsupportedOperators(["Loop 'loop1'", "If 'if1'"]), .node("axis i is 48, expected 64"),
    .cycle(["a", "b", "a"]), .outputIsAlias(of: "x"), .attributeValue("a nested list"),
    .opsetNotWritten(99, supported: 7...28), .notExpressible(["Conv 'c1'"]),
    .tooLarge(byteCount: 3_000_000_000),
    .cannotWrite("no space left on device"),
  ].map { ONNXError($0, at: .file("model.onnx")) }
}
