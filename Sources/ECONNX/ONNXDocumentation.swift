/// What a model's file says about itself besides its metadata: carried from source to result.
public struct ONNXDocumentation: Sendable, Equatable {
  /// The namespace of the model, in reverse domain form.
  public var domain = ""
  /// The version of the graph, as its author counts.
  public var modelVersion: Int?
  /// The text about the model.
  public var model = ""
  /// The text about the graph.
  public var graph = ""

  /// Says nothing.
  public init() {}
}
