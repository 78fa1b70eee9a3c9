import ECGraph
import ECTensor
import Testing

@Suite struct RefusalTests {
  private func reason(_ body: () throws -> Tensor) -> GraphError.Reason? {
    let error = #expect(throws: FormatError.self) { _ = try body() }
    if case .graph(let inner)? = error?.reason { return inner.reason }
    return nil
  }

  private let image = random([1, 3, 4, 4])

  @Test func `a kernel for other channels is refused with both numbers`() {
    let kernel = random([2, 5, 3, 3])
    #expect(
      reason { try onnx("Conv", [image], [kernel]) }
        == .axisDiffers(letter: "i", first: 3, second: 5))
    #expect(
      reason { try onnx("Conv", [image], [kernel], ["group": 2]) }
        == .axisDiffers(letter: "i", first: 10, second: 3))
    #expect(
      reason { try onnx("ConvTranspose", [image], [kernel]) }
        == .axisDiffers(letter: "i", first: 3, second: 2))
  }

  @Test func `output channels must be parted evenly`() {
    #expect(
      reason { try onnx("Conv", [random([1, 4, 4, 4])], [random([3, 2, 1, 1])], ["group": 2]) }
        == .refused("3 output channels can't be parted into 2 groups"))
    #expect(
      reason { try onnx("Conv", [random([1, 4, 4, 4])], [random([6, 1, 1, 1])], ["group": 4]) }
        == .axisDiffers(letter: "m", first: 4, second: 6))
  }

  @Test func `a bias has one number per channel`() {
    #expect(
      reason { try onnx("Conv", [image], [random([2, 3, 1, 1]), random([3])]) }
        == .axisDiffers(letter: "o", first: 2, second: 3))
  }

  @Test func `windows larger than the picture leave nothing`() {
    #expect(
      reason { try onnx("Conv", [image], [random([2, 3, 5, 5])]) } == .emptyResult)
    #expect(
      reason { try onnx("MaxPool", [image], [], ["kernel_shape": ints([5, 1])]) } == .emptyResult)
    #expect(
      reason { try keras("AveragePooling2D", [image], ["pool_size": 4]) } == .emptyResult)
  }

  @Test func `slices, crops and negative paddings that leave nothing are refused`() {
    #expect(
      reason { try onnx("Slice", [image], [whole([2]), whole([2]), whole([1])]) } == .emptyResult)
    #expect(
      reason { try keras("Cropping2D", [image], ["cropping": .list([[2, 1], [0, 0]])]) }
        == .emptyResult)
    #expect(
      reason { try onnx("Pad", [image], [whole([0, 0, -2, 0, 0, 0, -2, 0])]) } == .emptyResult)
    #expect(
      reason {
        try onnx(
          "ConvTranspose", [image], [random([3, 2, 1, 1])], ["pads": ints([2, 0, 2, 0])])
      } == .emptyResult)
  }

  @Test func `operands of other ranks are refused`() {
    #expect(
      reason { try keras("Conv2D", [random([1, 4, 3])], ["filters": 1, "kernel_size": 1]) }
        == .rank(operand: 0, expected: 4, found: 3))
    #expect(
      reason { try onnx("Concat", [image, random([1, 3, 4])], [], ["axis": 1]) }
        == .rank(operand: 1, expected: 4, found: 3))
    #expect(
      reason { try onnx("Transpose", [image], [], ["perm": ints([0, 2, 1])]) }
        == .rank(operand: 0, expected: 3, found: 4))
    #expect(
      reason { try onnx("MaxPool", [random([1, 3, 4])], [], ["kernel_shape": ints([2, 2])]) }
        == .rank(operand: 0, expected: 4, found: 3))
  }

  @Test func `extents that don't meet are refused`() {
    #expect(
      reason { try onnx("Add", [image, random([1, 2, 1, 1])]) }
        == .notBroadcastable([.symbolic("batch"), 3, 4, 4], [.symbolic("batch"), 2, 1, 1]))
    #expect(
      reason { try onnx("Concat", [image, random([1, 3, 5, 4])], [], ["axis": 1]) }
        == .axisDiffers(letter: "2", first: 4, second: 5))
    #expect(
      reason { try onnx("Reshape", [image], [whole([0, 7])]) }
        == .elementCount(from: [.symbolic("batch"), 3, 4, 4], to: [7]))
    #expect(
      reason { try onnx("Reshape", [image], [whole([0, -1, 7])]) }
        == .elementCount(from: [.symbolic("batch"), 3, 4, 4], to: [-1, 7]))
  }

  @Test func `operands that must be there are named`() {
    #expect(reason { try onnx("Conv", [image]) } == .missingOperand(1))
    #expect(reason { try onnx("Add", [image], [nil]) } == .missingOperand(1))
    #expect(reason { try onnx("Clip", [image, image]) } == .notConstant(operand: 1))
  }
}
