extension LabelArray {
  /// The ids after the elements of a tensor got other axes.
  ///
  /// Axes are matched from the left, and what can't be matched so from the right, into runs of
  /// equal extent; only runs along which ids differ are spelled out. `nil` if such a run holds an
  /// axis of unknown extent, or the batch beside other axes.
  public func reshaped(from old: [Dimension], to new: [Dimension]) -> LabelArray? {
    guard old.count == shape.count else { return nil }
    var spelled = [Int](repeating: 1, count: old.count)
    var target = [Int](repeating: 1, count: new.count)
    for run in LabelArray.runs(old, new) where run.old.contains(where: { shape[$0] > 1 }) {
      if run.old.count == 1 && run.new.count == 1 {
        spelled[run.old.lowerBound] = shape[run.old.lowerBound]
        target[run.new.lowerBound] = shape[run.old.lowerBound]
        continue
      }
      let holdsBatch = run.old.contains(0) && shape[0] == 1 && old[0] != 1
      if holdsBatch { return nil }
      for axis in run.old {
        guard let extent = old[axis].value else { return nil }
        spelled[axis] = extent
      }
      for axis in run.new {
        guard let extent = new[axis].value else { return nil }
        target[axis] = extent
      }
    }
    guard spelled.reduce(1, *) == target.reduce(1, *) else { return nil }
    return LabelArray(shape: target, ids: expanded(to: spelled).ids).compressed()
  }

  private typealias Run = (old: Range<Int>, new: Range<Int>)

  /// The smallest runs of axes, in order, that hold the same elements before and after.
  private static func runs(_ old: [Dimension], _ new: [Dimension]) -> [Run] {
    var runs: [Run] = []
    var (i, j) = (0, 0)
    while i < old.count || j < new.count {
      let (a, b) = (i, j)
      let same = i < old.count && j < new.count && isSame(old[i], new[j])
      if same {
        (i, j) = (i + 1, j + 1)
      } else if i < old.count, old[i] == 1 {
        i += 1
      } else if j < new.count, new[j] == 1 {
        j += 1
      } else if let (p, q) = balanced(old[i...], new[j...]) {
        (i, j) = (i + p, j + q)
      } else {
        return runs + rest(old, new, i, j)
      }
      runs.append((a..<i, b..<j))
    }
    return runs
  }

  /// How many axes of both sides it takes to hold equally many elements; `nil` if that is unknown.
  private static func balanced(
    _ old: ArraySlice<Dimension>, _ new: ArraySlice<Dimension>
  ) -> (Int, Int)? {
    var (left, right) = (old.makeIterator(), new.makeIterator())
    guard var p = left.next()?.value, var q = right.next()?.value else { return nil }
    var counts = (1, 1)
    while p != q {
      guard let next = p < q ? left.next()?.value : right.next()?.value else { return nil }
      if p < q {
        p *= next
        counts.0 += 1
      } else {
        q *= next
        counts.1 += 1
      }
    }
    return counts
  }

  /// Runs of one axis each at the end, behind one run of all that is left.
  private static func rest(
    _ old: [Dimension], _ new: [Dimension], _ i: Int, _ j: Int
  ) -> [Run] {
    var tail: [Run] = []
    var (p, q) = (old.count, new.count)
    while p > i, q > j, isSame(old[p - 1], new[q - 1]) {
      (p, q) = (p - 1, q - 1)
      tail.insert((p..<(p + 1), q..<(q + 1)), at: 0)
    }
    return [(i..<p, j..<q)] + tail
  }

  /// Whether two extents are one; an extent without a name is never known to be.
  private static func isSame(_ a: Dimension, _ b: Dimension) -> Bool {
    a == b && a.symbol?.name != ""
  }
}
