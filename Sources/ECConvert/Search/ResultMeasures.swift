import ECGraph

/// What a search may ask of a slim graph: what it would be once it is written.
struct ResultMeasures {
  /// The bytes of its file or files.
  let byteCount: (Graph) throws -> Int
  /// The same computation as an ONNX file among the temporary ones.
  let temporary: (Graph) throws -> TemporaryModel
  /// Says something to the user before the end.
  let note: (String) -> Void
  /// Says what goes on, and how much of it is done.
  let progress: (String, Double?) -> Void
}
