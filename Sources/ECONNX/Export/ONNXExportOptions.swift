public import ECTensor

/// How a graph is written as ONNX.
public struct ONNXExportOptions: Sendable {
  /// When weights go to a file beside the model.
  public enum ExternalData: String, Sendable, CaseIterable {
    case auto, always, never
  }

  /// The version of the operator set. 17 is read by every runtime of the last years and has all
  /// operators that are written.
  public var opset = 17
  /// When weights go to a file beside the model; `auto` is above 1.9 GB.
  public var externalData = ExternalData.auto
  /// The name of the producer.
  public var producerName = "ecconvert"
  /// The version of the producer.
  public var producerVersion = ""

  /// The operator sets of domains besides the standard one; those that nodes need are added.
  public var domains: [OperatorSet] = []
  /// The model-local functions that carried nodes call, as messages.
  public var functions: [Tensor] = []
  /// What the file says about itself.
  public var documentation = ONNXDocumentation()

  /// Key-value pairs for the file, besides those of the graph; a key of the graph's is replaced.
  public var metadata: [(key: String, value: String)] = []

  /// The standard options.
  public init() {}

  /// The operator sets that are written.
  public static let opsets = 7...28

  /// The IR version of the release that brought the opset; at least 4, the first that lets
  /// initializers stand without being inputs.
  var irVersion: Int {
    switch opset {
    case ...9: 4
    case 10: 5
    case 11: 6
    case 12...14: 7
    case 15...18: 8
    case 19, 20: 9
    case 21, 22: 10
    case 23: 11
    case 24: 12
    case 25...27: 13
    default: 14
    }
  }
}
