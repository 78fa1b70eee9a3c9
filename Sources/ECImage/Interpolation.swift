/// How a picture is brought to another size: as `tf.image.resize` does without antialiasing.
public enum Interpolation: String, Sendable, CaseIterable {
  case bilinear, nearest, bicubic, area
}
