import ECKernels
import Testing

struct PoolingCase: Sendable, CustomStringConvertible {
  var x: [Int]
  var window: [Int]
  var strides: [Int]
  var dilations: [Int] = [1, 1]
  var begin: [Int] = [0, 0]
  var end: [Int] = [0, 0]
  var size: [Int]?

  var description: String {
    "\(x) k\(window) s\(strides) d\(dilations) p\(begin)\(end) \(size ?? [])"
  }

  static let all: [PoolingCase] = [
    .init(x: [1, 5, 6, 6], window: [2, 2], strides: [2, 2]),
    .init(x: [2, 20, 7, 7], window: [3, 3], strides: [2, 2], begin: [1, 1], end: [1, 1]),
    .init(x: [1, 4, 6, 7], window: [3, 2], strides: [1, 2], begin: [0, 1], end: [2, 0]),
    .init(x: [1, 3, 7, 7], window: [2, 2], strides: [2, 2], size: [4, 4]),
    .init(
      x: [1, 17, 6, 6], window: [3, 3], strides: [2, 2], begin: [1, 1], end: [1, 1], size: [4, 4]),
    .init(x: [1, 3, 9, 9], window: [3, 3], strides: [1, 1], dilations: [2, 3]),
    .init(x: [1, 6, 5, 4], window: [5, 4], strides: [1, 1]),
    .init(x: [1, 6, 9, 9], window: [2, 2], strides: [3, 3]),
    .init(x: [1, 2, 4, 4], window: [2, 2], strides: [1, 1], begin: [1, 1], end: [1, 1]),
    .init(x: [2, 3, 9], window: [3], strides: [2], dilations: [1], begin: [1], end: [0]),
  ]
}

func naivePooling(_ x: Grid, _ kind: PoolingKind, _ c: PoolingCase) -> Grid {
  let rank = c.window.count
  let size =
    c.size
    ?? (0..<rank).map { axis in
      let room =
        x.dims[axis + 2] + c.begin[axis] + c.end[axis]
        - ((c.window[axis] - 1) * c.dilations[axis] + 1)
      return room / c.strides[axis] + 1
    }
  return Grid(Array(x.dims[..<2]) + size) { index in
    var (values, padded): ([Float], Int) = ([], 0)
    for element in Grid.indices(c.window) {
      let place = (0..<rank).map { (axis: Int) -> Int in
        let start: Int = index[axis + 2] * c.strides[axis] - c.begin[axis]
        return start + element[axis] * c.dilations[axis]
      }
      let isPadded = (0..<rank).allSatisfy { (axis: Int) -> Bool in
        place[axis] < x.dims[axis + 2] + c.end[axis]
      }
      if isPadded { padded += 1 }
      if let value = x.element(Array(index[..<2]) + place) { values.append(value) }
    }
    return switch kind {
    case .max: values.max() ?? -.infinity
    case .averageExcludingPadding: values.reduce(0, +) / Float(values.count)
    case .averageIncludingPadding: values.reduce(0, +) / Float(padded)
    }
  }
}

@Suite struct PoolingTests {
  @Test(arguments: PoolingCase.all, PoolingKind.allCases)
  func `equals a plain loop in every order of memory`(
    _ c: PoolingCase, _ kind: PoolingKind
  ) throws {
    let x = Grid.random(c.x)
    for order in [MemoryOrder.rowMajor, .channelsLast(rank: c.x.count)] {
      let found = try evaluate([x], orders: [order]) { builder, inputs in
        [
          builder.pooling(
            kind, inputs[0], window: c.window, strides: c.strides, dilations: c.dilations,
            padsBegin: c.begin, padsEnd: c.end, outputSize: c.size)
        ]
      }
      #expect(distance(found[0], naivePooling(x, kind, c)) < 1e-6)
    }
  }

  @Test func `resizes linearly between pixel centres`() throws {
    let x = Grid.random([1, 3, 4, 5])
    let found = try evaluate([x], orders: [channelsLast]) { builder, inputs in
      [builder.resizeLinear(inputs[0], size: [8, 7])]
    }
    let expected = Grid([1, 3, 8, 7]) { index in
      func source(_ i: Int, _ from: Int, _ to: Int) -> (Int, Int, Float) {
        let at = min(max((Float(i) + 0.5) * Float(from) / Float(to) - 0.5, 0), Float(from - 1))
        let low = Int(at)
        return (low, min(low + 1, from - 1), at - Float(low))
      }
      let (y0, y1, fy) = source(index[2], 4, 8)
      let (x0, x1, fx) = source(index[3], 5, 7)
      func pixel(_ y: Int, _ p: Int) -> Float { x[[0, index[1], y, p]] }
      return (pixel(y0, x0) * (1 - fx) + pixel(y0, x1) * fx) * (1 - fy)
        + (pixel(y1, x0) * (1 - fx) + pixel(y1, x1) * fx) * fy
    }
    #expect(distance(found[0], expected) < 1e-6)
  }
}
