public import ECExecution

/// How exactly this engine multiplies, by the names of `--precision`.
public typealias ComputePrecision = Precision

extension Precision {
  /// Refuses what would be slower than float32 here.
  /// - Throws: `ConversionFault.options`.
  func check() throws(ConversionFault) {
    guard !isNative else { return }
    throw ConversionFault(
      .options("this processor has no instructions for \(rawValue) (AVX512_BF16)"),
      at: .option("--precision"))
  }
}
