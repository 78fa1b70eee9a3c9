import CONEDNN

/// Products in bfloat16: 8 bits of fraction less in the factors, sums in float32.
public enum BFloat16 {
  /// Whether the processor multiplies them itself; where it doesn't, they would be slower than float32.
  public static var isNative: Bool {
    let native = dnnl_cpu_isa_avx512_core_bf16.rawValue
    return dnnl_get_effective_cpu_isa().rawValue & native == native
  }
}
