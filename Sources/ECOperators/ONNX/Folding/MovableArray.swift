import ECGraph
import ECTensor

/// An array whose elements can be moved without knowing what they are.
protocol MovableArray {
  /// The extents of the axes.
  var shape: [Int] { get }
  /// The positions of one axis, in that order.
  func gathered(axis: Int, _ positions: [Int]) -> Self
  /// The axes in another order.
  func permuted(_ order: [Int]) -> Self
  /// The same elements with other extents.
  func reshaped(_ shape: [Int]) -> Self
}

extension Tensor: MovableArray {}

/// Elements in row-major order.
struct Elements<Element>: MovableArray {
  let shape: [Int]
  let elements: [Element]

  init(_ elements: [Element], shape: [Int]) {
    precondition(elements.count == shape.reduce(1, *))
    self.elements = elements
    self.shape = shape
  }

  func reshaped(_ shape: [Int]) -> Elements { Elements(elements, shape: shape) }

  func gathered(axis: Int, _ positions: [Int]) -> Elements {
    let inner = shape[(axis + 1)...].reduce(1, *)
    var result: [Element] = []
    for outer in 0..<shape[..<axis].reduce(1, *) {
      for position in positions {
        let start = (outer * shape[axis] + position) * inner
        result += elements[start..<(start + inner)]
      }
    }
    var target = shape
    target[axis] = positions.count
    return Elements(result, shape: target)
  }

  func permuted(_ order: [Int]) -> Elements {
    var strides = [Int](repeating: 1, count: shape.count)
    for axis in shape.indices.dropLast().reversed() {
      strides[axis] = strides[axis + 1] * shape[axis + 1]
    }
    var offsets = [0]
    for axis in order {
      offsets = offsets.flatMap { base in (0..<shape[axis]).map { base + $0 * strides[axis] } }
    }
    return Elements(offsets.map { elements[$0] }, shape: order.map { shape[$0] })
  }

  /// One behind the other along an axis; all other extents are equal.
  static func concatenated(_ parts: [Elements], axis: Int) -> Elements {
    var shape = parts[0].shape
    shape[axis] = parts.reduce(0) { $0 + $1.shape[axis] }
    var result: [Element] = []
    for outer in 0..<shape[..<axis].reduce(1, *) {
      for part in parts {
        let row = part.shape[axis...].reduce(1, *)
        result += part.elements[(outer * row)..<((outer + 1) * row)]
      }
    }
    return Elements(result, shape: shape)
  }
}

extension MovableArray {
  /// Repeated along axes of extent one, and along new axes in front, as numpy does; `nil` where the
  /// extents don't fit.
  func broadcast(to target: [Int]) -> Self? {
    guard shape.count <= target.count else { return nil }
    var array = reshaped([Int](repeating: 1, count: target.count - shape.count) + shape)
    for (axis, extent) in target.enumerated() where array.shape[axis] != extent {
      guard array.shape[axis] == 1 else { return nil }
      array = array.gathered(axis: axis, [Int](repeating: 0, count: extent))
    }
    return array
  }

  /// The extents of several arrays broadcast together.
  static func common(_ shapes: [[Int]]) -> [Int]? {
    let rank = shapes.map(\.count).max() ?? 0
    var target = [Int](repeating: 1, count: rank)
    for shape in shapes {
      for (k, extent) in shape.enumerated() where extent != 1 {
        let axis = rank - shape.count + k
        guard target[axis] == 1 || target[axis] == extent else { return nil }
        target[axis] = extent
      }
    }
    return target
  }
}
