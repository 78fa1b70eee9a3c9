import ECKernels

/// How exactly convolutions and dense layers multiply.
public enum Precision: String, Sendable, CaseIterable {
  /// In float32.
  case single = "fp32"
  /// In bfloat16, which has 8 bits of fraction, with sums in float32; depthwise and grouped
  /// convolutions stay in float32.
  case bfloat16 = "bf16"

  /// Whether this processor has it.
  public var isNative: Bool { self == .single || BFloat16.isNative }

  /// The difference that it makes to outputs at most, relative to their largest magnitude: fifty layers
  /// of bfloat16 leave 1 to 8 hundredths.
  public var roundingTolerance: Double { self == .single ? 1e-4 : 1e-1 }
}
