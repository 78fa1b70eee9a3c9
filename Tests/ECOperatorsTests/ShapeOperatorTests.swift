import ECGraph
import ECTensor
import Testing

@Suite struct ShapeOperatorTests {
  private let image = random([2, 3, 5, 4])

  @Test(arguments: [1, 2, 3])
  func `operands are joined along an axis`(axis: Int) throws {
    var shape = image.shape
    shape[axis] = 2
    let other = random(shape, seed: 2)
    let (a, b) = (Reader(image), Reader(other))
    shape[axis] += image.shape[axis]
    let expected = tensor(shape) { at in
      var behind = at
      behind[axis] -= image.shape[axis]
      return a.inside(at) ?? b[behind]
    }
    expectEqual(try onnx("Concat", [image, other], [], ["axis": .int(axis)]), expected)
    expectEqual(try keras("Concatenate", [image, other], ["axis": .int(axis - 4)]), expected)
  }

  /// The positions that Python's `range` over `slice.indices` gives, spelled by hand.
  @Test(arguments: [
    (0, 5, 1, [0, 1, 2, 3, 4]), (1, 4, 2, [1, 3]), (-2, 99, 1, [3, 4]), (-99, -3, 1, [0, 1]),
    (4, 0, -1, [4, 3, 2, 1]), (4, -99, -2, [4, 2, 0]), (-1, -4, -1, [4, 3, 2]),
    (99, 1, -2, [4, 2]), (2, 3, 7, [2]),
  ])
  func `slices take the positions that Python takes`(
    start: Int, stop: Int, step: Int, positions: [Int]
  ) throws {
    let found = try onnx(
      "Slice", [image], [whole([start]), whole([stop]), whole([2]), whole([step])])
    let x = Reader(image)
    expectEqual(
      found,
      tensor([2, 3, positions.count, 4]) { x[[$0[0], $0[1], positions[$0[2]], $0[3]]] })
  }

  @Test func `slices of several axes and open ends`() throws {
    let found = try onnx(
      "Slice", [image],
      [whole([1, -1]), whole([Int.max, Int.min]), whole([1, -1]), whole([1, -3])])
    let x = Reader(image)
    expectEqual(found, tensor([2, 2, 5, 2]) { x[[$0[0], $0[1] + 1, $0[2], 3 - 3 * $0[3]]] })
    let old = try onnx(
      "Slice", [image], [], ["starts": ints([0, 1]), "ends": ints([9, 2])], opset: 9)
    #expect(old.shape == [2, 1, 5, 4])
  }

  @Test func `cropping of Keras takes cells off both ends`() throws {
    let found = try keras("Cropping2D", [image], ["cropping": .list([[1, 0], [2, 1]])])
    let x = Reader(image)
    expectEqual(found, tensor([2, 2, 2, 4]) { x[[$0[0], $0[1] + 1, $0[2] + 2, $0[3]]] })
  }

  @Test func `padding adds cells of a value, and takes them off`() throws {
    let found = try onnx(
      "Pad", [image], [whole([0, 1, 0, -1, 0, 0, 2, 3]), Tensor(scalar: 7)])
    let x = Reader(image)
    expectEqual(
      found, tensor([2, 4, 7, 6]) { x.inside([$0[0], $0[1] - 1, $0[2], $0[3] + 1]) ?? 7 })
    let zeros = try keras("ZeroPadding2D", [image], ["padding": .list([[1, 0], [0, 2]])])
    expectEqual(zeros, tensor([2, 4, 7, 4]) { x[[$0[0], $0[1] - 1, $0[2], $0[3]]] })
  }

  @Test func `reshapes keep the order of elements`() throws {
    #expect(try onnx("Reshape", [image], [whole([0, -1, 6])]).shape == [2, 10, 6])
    #expect(try onnx("Reshape", [image], [whole([-1, 0, 20])]).shape == [2, 3, 20])
    #expect(try onnx("Flatten", [image]).floats() == image.floats())
    #expect(try keras("Flatten", [image]).shape == [2, 60])
    #expect(try onnx("Unsqueeze", [image], [whole([1, -1])]).shape == [2, 1, 3, 5, 4, 1])
    #expect(try onnx("Squeeze", [image.reshaped([2, 1, 60, 1])]).shape == [2, 60])
    #expect(
      try onnx("Squeeze", [image.reshaped([2, 1, 60, 1])], [whole([-1])]).shape == [2, 1, 60])
  }

  @Test func `a flatten of Keras goes through pictures before channels in any layout`() throws {
    let found = try keras(
      "Flatten", [image], ["data_format": .string("channels_first")])
    #expect(found.floats() == image.permuted([0, 2, 3, 1]).floats())
  }

  @Test func `transposes reorder axes`() throws {
    let x = Reader(image)
    let expected = tensor([2, 4, 3, 5]) { x[[$0[0], $0[2], $0[3], $0[1]]] }
    expectEqual(try onnx("Transpose", [image], [], ["perm": ints([0, 3, 1, 2])]), expected)
    expectEqual(try keras("Permute", [image], ["dims": ints([3, 1, 2])]), expected)
  }

  @Test(arguments: ["Mean", "Sum", "Max", "Min", "Prod", "L1", "L2"], [true, false])
  func `reductions run over their axes`(_ type: String, keepDims: Bool) throws {
    let x = Reader(image)
    for axes in [[1], [2, 3], [1, 3], [1, 2, 3]] {
      let kept = (0..<4).filter { !axes.contains($0) }
      let expected = tensor(kept.map { image.shape[$0] }) { at in
        let cells = indices(axes.map { image.shape[$0] }).map { inner in
          var index = [Int](repeating: 0, count: 4)
          for (k, axis) in kept.enumerated() { index[axis] = at[k] }
          for (k, axis) in axes.enumerated() { index[axis] = inner[k] }
          return x[index]
        }
        switch type {
        case "Mean": return cells.reduce(0, +) / Float(cells.count)
        case "Sum": return cells.reduce(0, +)
        case "Max": return cells.max() ?? 0
        case "Min": return cells.min() ?? 0
        case "Prod": return cells.reduce(1, *)
        case "L1": return cells.reduce(0) { $0 + abs($1) }
        default: return cells.reduce(0) { $0 + $1 * $1 }.squareRoot()
        }
      }
      let shape = (0..<4).map { axes.contains($0) ? 1 : image.shape[$0] }
      let found = try onnx(
        "Reduce\(type)", [image], [],
        ["axes": ints(axes.map { $0 - 4 }), "keepdims": .int(keepDims ? 1 : 0)])
      expectEqual(found, keepDims ? expected.reshaped(shape) : expected)
    }
  }

  /// A row as it is interpolated between the centres of its cells.
  private func linear(_ row: [Float], to count: Int) -> [Float] {
    (0..<count).map { k in
      let place = (Float(k) + 0.5) * Float(row.count) / Float(count) - 0.5
      let inside = min(max(place, 0), Float(row.count - 1))
      let left = Int(inside)
      let share = inside - Float(left)
      return row[left] * (1 - share) + row[min(left + 1, row.count - 1)] * share
    }
  }

  @Test func `enlarging repeats cells or interpolates between their centres`() throws {
    let x = Reader(image)
    let nearest = try keras("UpSampling2D", [image], ["size": .list([2, 3])])
    expectEqual(nearest, tensor([2, 6, 15, 4]) { x[[$0[0], $0[1] / 2, $0[2] / 3, $0[3]]] })
    let rows = random([1, 1, 5, 1])
    let smooth = try keras(
      "UpSampling2D", [rows], ["size": .list([1, 3]), "interpolation": "bilinear"])
    expectEqual(smooth, Tensor(linear(rows.floats(), to: 15), shape: [1, 1, 15, 1]))
    for width in [3, 5, 7, 10] {
      let found = try keras("Resizing", [rows], ["height": 1, "width": .int(width)])
      expectEqual(found, Tensor(linear(rows.floats(), to: width), shape: [1, 1, width, 1]))
    }
  }
}
