import ECTensor
import Testing

@Suite struct QuantizationTests {
  private let form = Quantization(.int8, axis: 0, scales: [0.5, 0.25], zeroPoints: [0, 4])
  private var weights: Tensor {
    Tensor([-1, 0.5, 63.5, -1, 0, 0.25], shape: [2, 3]).quantized(as: form)
  }

  @Test func `elements are the whole numbers again that they were made of`() throws {
    let whole = try #require(form.encoded(weights))
    #expect(whole.elementType == .int8)
    #expect(whole.integers() == [-2, 1, 127, 0, 4, 5])
  }

  @Test func `what whole numbers can't say is found`() {
    for element in [0.3, 64, -.infinity, .nan] as [Float] {
      let form = Quantization(.int8, axis: nil, scales: [0.5], zeroPoints: [0])
      #expect(form.encoded(Tensor([element], shape: [1])) == nil)
    }
  }

  @Test func `scales follow the positions that are picked, and axes that move`() throws {
    let picked = weights.gathered(axis: 0, [1]).gathered(axis: 1, [2, 0])
    #expect(picked.quantization?.scales == [0.25])
    #expect(picked.quantization?.zeroPoints == [4])
    let turned = picked.permuted([1, 0]).materialized()
    let form = try #require(turned.quantization)
    #expect(form.axis == 1)
    #expect(form.encoded(turned)?.integers() == [5, 0])
  }

  @Test func `new elements and new axes have none`() {
    #expect(weights.asFloat16().quantization == nil)
    #expect(weights.reshaped([6]).quantization == nil)
  }
}
