import ECExecution
import ECTensor
import Testing

@Test func `a difference is relative to the reference's largest magnitude`() {
  let found = Difference(
    Tensor([1, -3.5, 2], shape: [3]), reference: Tensor([1, -4, 2], shape: [3]))
  #expect(found.absolute == 0.5)
  #expect(found.relative == 0.125)
  #expect(found.passes(relative: 0.125, absolute: 0))
  #expect(found.passes(relative: 0, absolute: 0.5))
  #expect(!found.passes(relative: 0.12, absolute: 0.4))
}

@Test func `numbers and not-numbers don't agree at any tolerance`() {
  let (one, nan) = (Tensor([1, 1], shape: [2]), Tensor([1, .nan], shape: [2]))
  #expect(!Difference(nan, reference: one).passes(relative: 1e30, absolute: 1e30))
  #expect(!Difference(one, reference: nan).passes(relative: 1e30, absolute: 1e30))
  #expect(Difference(nan, reference: nan).passes(relative: 0, absolute: 0))
  let infinite = Tensor([1, .infinity], shape: [2])
  #expect(!Difference(infinite, reference: one).passes(relative: 1e30, absolute: 1e30))
  #expect(Difference(infinite, reference: infinite).passes(relative: 0, absolute: 0))
}

@Test func `other shapes don't agree at any tolerance`() {
  let (flat, square) = (random([4]), random([2, 2]))
  #expect(!Difference(flat, reference: square).passes(relative: 1e30, absolute: 1e30))
}

@Test func `random inputs are the same for a seed and stay in their range`() {
  var (first, second) = (RandomInputs(seed: 7), RandomInputs(seed: 7))
  let x = first.tensor(shape: [3, 40], in: 0...255)
  #expect(x.floats() == second.tensor(shape: [3, 40], in: 0...255).floats())
  #expect(x.floats() != first.tensor(shape: [3, 40], in: 0...255).floats())
  #expect(x.floats().allSatisfy { (0...255).contains($0) })
  #expect((x.floats().max() ?? 0) > 200 && (x.floats().min() ?? 255) < 55)
}
