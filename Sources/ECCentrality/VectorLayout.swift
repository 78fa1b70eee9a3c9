/// How the vectors of the channels lie in a row-major buffer.
public enum VectorLayout: Sendable, Equatable {
  /// `[count, dimension]`: a channel is a row, as in ONNX kernels `o i kh kw`.
  case rows
  /// `[dimension, count]`: a channel is a column, as in Keras kernels `kh kw i o` and `in out`.
  case columns
  /// `[dimension / inner, count, inner]`: the channel axis in the middle, as a consumer's input
  /// axis `i` in `o i kh kw` with `inner` = kh·kw, or in Keras's `kh kw i o` with `inner` = o.
  case middle(inner: Int)
}
