/// The generations of Keras whose models of `keras.applications` differ in names and operations.
public enum Generation: String, Sendable, CaseIterable {
  /// tf.keras and tf-keras, all 2.x.
  case keras2
  /// Keras 3.
  case keras3
}
