/// Integer ids of removable channels, broadcast against a tensor whose batch has extent one.
///
/// Id 0 means "not removable". An extent of 1 against a larger one of the tensor means that the ids
/// are the same all along that axis. Layout operators act on a label array as they act on data.
public struct LabelArray: Sendable, Equatable {
  /// The extents; as many as the tensor has axes.
  public let shape: [Int]
  /// The ids in row-major order.
  public let ids: [Int32]

  /// Makes an array.
  /// - Precondition: `ids` has as many elements as `shape` says.
  public init(shape: [Int], ids: [Int32]) {
    precondition(ids.count == shape.reduce(1, *))
    self.shape = shape
    self.ids = ids
  }

  /// The labels of a tensor of which nothing can be removed.
  public static func none(rank: Int) -> LabelArray {
    LabelArray(shape: [Int](repeating: 1, count: rank), ids: [0])
  }

  /// Ids along one axis.
  public static func along(axis: Int, rank: Int, _ ids: [Int32]) -> LabelArray {
    var shape = [Int](repeating: 1, count: rank)
    shape[axis] = ids.count
    return LabelArray(shape: shape, ids: ids)
  }

  /// Whether no id is removable.
  public var isNone: Bool { ids.allSatisfy { $0 == 0 } }

  /// The axes along which ids differ.
  public var varyingAxes: [Int] { shape.indices.filter { shape[$0] > 1 } }

  /// The ids along one axis of a tensor with `count` positions there, or `nil` if they also differ
  /// along another axis.
  public func vector(axis: Int, count: Int) -> [Int32]? {
    guard varyingAxes.allSatisfy({ $0 == axis }) else { return nil }
    if shape[axis] == count { return ids }
    return [Int32](repeating: ids[0], count: count)
  }

  /// The ids spelled out for every position of a tensor.
  /// - Precondition: every extent equals the tensor's or is 1.
  public func expanded(to target: [Int]) -> LabelArray {
    if target == shape { return self }
    var strides = [Int](repeating: 0, count: shape.count)
    var stride = 1
    for axis in shape.indices.reversed() {
      precondition(shape[axis] == target[axis] || shape[axis] == 1)
      strides[axis] = shape[axis] == 1 ? 0 : stride
      stride *= shape[axis]
    }
    return LabelArray(shape: target, ids: gather(target, strides))
  }

  /// The axes in another order: axis k of the result is axis `order[k]`.
  public func permuted(_ order: [Int]) -> LabelArray {
    var strides = [Int](repeating: 1, count: shape.count)
    for axis in shape.indices.dropLast().reversed() {
      strides[axis] = strides[axis + 1] * shape[axis + 1]
    }
    let target = order.map { shape[$0] }
    return LabelArray(shape: target, ids: gather(target, order.map { strides[$0] }))
  }

  /// Positions of one axis; the axis must be spelled out or have one position.
  public func gathered(axis: Int, _ positions: [Int]) -> LabelArray {
    if shape[axis] == 1 { return self }
    let outer = shape[..<axis].reduce(1, *)
    let inner = shape[(axis + 1)...].reduce(1, *)
    var result: [Int32] = []
    result.reserveCapacity(outer * positions.count * inner)
    for o in 0..<outer {
      for p in positions {
        let start = (o * shape[axis] + p) * inner
        result += ids[start..<(start + inner)]
      }
    }
    var target = shape
    target[axis] = positions.count
    return LabelArray(shape: target, ids: result)
  }

  /// The same array with axes along which ids are the same reduced to extent 1.
  public func compressed() -> LabelArray {
    var array = self
    for axis in shape.indices where array.shape[axis] > 1 {
      let first = array.gathered(axis: axis, [0])
      if first.expanded(to: array.shape) == array { array = first }
    }
    return array
  }

  /// Joins arrays along an axis; all are spelled out along it.
  public static func concatenated(_ parts: [LabelArray], axis: Int) -> LabelArray {
    var target = parts[0].shape
    for part in parts {
      for k in target.indices where k != axis { target[k] = max(target[k], part.shape[k]) }
    }
    let spelled = parts.map { part in
      var shape = target
      shape[axis] = part.shape[axis]
      return part.expanded(to: shape)
    }
    target[axis] = spelled.reduce(0) { $0 + $1.shape[axis] }
    let outer = target[..<axis].reduce(1, *)
    let inner = target[(axis + 1)...].reduce(1, *)
    var ids: [Int32] = []
    for o in 0..<outer {
      for part in spelled {
        let row = part.shape[axis] * inner
        ids += part.ids[(o * row)..<((o + 1) * row)]
      }
    }
    return LabelArray(shape: target, ids: ids)
  }

  private func gather(_ target: [Int], _ strides: [Int]) -> [Int32] {
    var result: [Int32] = []
    result.reserveCapacity(target.reduce(1, *))
    var index = [Int](repeating: 0, count: target.count)
    let total = target.reduce(1, *)
    var offset = 0
    for _ in 0..<total {
      result.append(ids[offset])
      var axis = target.count - 1
      while axis >= 0 {
        index[axis] += 1
        offset += strides[axis]
        if index[axis] < target[axis] { break }
        offset -= strides[axis] * target[axis]
        index[axis] = 0
        axis -= 1
      }
    }
    return result
  }
}
