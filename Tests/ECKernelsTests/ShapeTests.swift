import ECKernels
import Testing

@Suite struct ShapeTests {
  static let orders = [MemoryOrder.rowMajor, channelsLast, .permuted([3, 1, 0, 2])]

  @Test(
    arguments: orders, [[2, 60], [6, 20], [120], [2, 3, 20], [2, 1, 3, 4, 5], [2, 3, 2, 2, 5]])
  func `reshape follows logical order whatever the memory`(
    _ order: MemoryOrder, _ dims: [Int]
  ) throws {
    let x = Grid.random([2, 3, 4, 5])
    let found = try evaluate([x], orders: [order]) { builder, inputs in
      [
        builder.reshape(inputs[0], dims),
        builder.reshape(builder.eltwise(.negate, inputs[0]), dims),
      ]
    }
    #expect(found[0] == Grid(dims: dims, values: x.values))
    #expect(found[1].values == x.values.map { -$0 })
  }

  @Test(arguments: [3, 20, 64]) func `flattening behind a convolution`(_ o: Int) throws {
    let c = ConvolutionCase(x: [2, 5, 4, 4], o: o, kernel: [3, 3])
    let (x, w) = (Grid.random(c.x), Grid.random([o, 5, 3, 3], seed: 2))
    let y = naiveConvolution(x, w, nil, c)
    for order in [MemoryOrder.rowMajor, channelsLast] {
      let found = try evaluate([x], orders: [order]) { builder, inputs in
        let weights = builder.constant(dims: w.dims, w.values)
        let made = builder.convolution(inputs[0], weights: weights)
        let pooled = builder.reduction(.mean, made, axes: [2, 3], keepDims: true)
        return [builder.reshape(made, [2, o * 4]), builder.reshape(pooled, [2, o])]
      }
      #expect(distance(found[0], Grid(dims: [2, o * 4], values: y.values)) < 1e-5)
      let means = (0..<2 * o).map { y.values[($0 * 4)..<($0 * 4 + 4)].reduce(0, +) / 4 }
      #expect(distance(found[1], Grid(dims: [2, o], values: means)) < 1e-5)
    }
  }

  @Test(arguments: orders) func `transposes compose and feed other kernels`(
    _ order: MemoryOrder
  ) throws {
    let x = Grid.random([2, 3, 4, 5])
    let found = try evaluate([x], orders: [order]) { builder, inputs in
      let last = builder.transpose(inputs[0], [0, 2, 3, 1])
      return [
        last, builder.reshape(last, [8, 15]), builder.transpose(last, [3, 0, 1, 2]),
        builder.pooling(.max, last, window: [1, 1], strides: [2, 2]),
      ]
    }
    let last = Grid([2, 4, 5, 3]) { x[[$0[0], $0[3], $0[1], $0[2]]] }
    #expect(found[0] == last)
    #expect(found[1] == Grid(dims: [8, 15], values: last.values))
    #expect(found[2] == Grid([3, 2, 4, 5]) { x[[$0[1], $0[0], $0[2], $0[3]]] })
    #expect(found[3] == Grid([2, 4, 3, 2]) { last[[$0[0], $0[1], $0[2] * 2, $0[3] * 2]] })
  }

  @Test(arguments: [0, 1, 2, -1], orders) func `concat joins parts of any order`(
    _ axis: Int, _ order: MemoryOrder
  ) throws {
    let real = axis < 0 ? axis + 4 : axis
    var other = [2, 3, 4, 5]
    other[real] = 2
    let (a, b) = (Grid.random([2, 3, 4, 5]), Grid.random(other, seed: 2))
    let found = try evaluate([a, b], orders: [order, .rowMajor]) { builder, inputs in
      [builder.concat([inputs[0], inputs[1], inputs[0]], axis: axis)]
    }
    var dims = a.dims
    dims[real] = 2 * a.dims[real] + 2
    let expected = Grid(dims) { index in
      var place = index
      if index[real] < a.dims[real] { return a[index] }
      place[real] -= a.dims[real]
      if place[real] < 2 { return b[place] }
      place[real] -= 2
      return a[place]
    }
    #expect(found[0] == expected)
  }

  @Test(arguments: orders) func `slices step forwards and backwards`(_ order: MemoryOrder) throws {
    let x = Grid.random([2, 6, 7, 5])
    let found = try evaluate([x], orders: [order]) { builder, inputs in
      [
        builder.slice(inputs[0], starts: [0, 1, 0, 2], ends: [2, 4, 7, 4]),
        builder.slice(inputs[0], starts: [1, 0, 1, 0], ends: [2, 6, 7, 5], steps: [1, 2, 3, 2]),
        builder.slice(
          inputs[0], starts: [0, 5, 6, 1], ends: [2, -1, 0, 5], steps: [1, -2, -3, 2]),
      ]
    }
    #expect(found[0] == Grid([2, 3, 7, 2]) { x[[$0[0], $0[1] + 1, $0[2], $0[3] + 2]] })
    #expect(found[1] == Grid([1, 3, 2, 3]) { x[[1, $0[1] * 2, 1 + $0[2] * 3, $0[3] * 2]] })
    let backwards = Grid([2, 3, 2, 2]) { x[[$0[0], 5 - $0[1] * 2, 6 - $0[2] * 3, 1 + $0[3] * 2]] }
    #expect(found[2] == backwards)
  }

  @Test(arguments: orders) func `pads by a value, the edge and reflection, and crops`(
    _ order: MemoryOrder
  ) throws {
    let x = Grid.random([1, 3, 4, 5])
    let (begin, end) = ([0, 1, 2, 0], [0, 0, 1, 3])
    let found = try evaluate([x], orders: [order]) { builder, inputs in
      [PaddingMode.constant(-2), .edge, .reflect].map {
        builder.pad(inputs[0], begin: begin, end: end, mode: $0)
      } + [builder.pad(inputs[0], begin: [0, -1, 1, 0], end: [0, 0, -2, -1])]
    }
    let dims = [1, 4, 7, 8]
    func inner(_ index: [Int]) -> [Int] { zip(index, begin).map { $0 - $1 } }
    #expect(found[0] == Grid(dims) { x.element(inner($0)) ?? -2 })
    #expect(found[1] == Grid(dims) { x[zip(inner($0), x.dims).map { min(max($0, 0), $1 - 1) }] })
    #expect(
      found[2]
        == Grid(dims) { index in
          x[zip(inner(index), x.dims).map { i, n in i < 0 ? -i : (i >= n ? 2 * n - 2 - i : i) }]
        })
    #expect(
      found[3] == Grid([1, 2, 3, 4]) { x.element([0, $0[1] + 1, $0[2] - 1, $0[3]]) ?? 0 })
  }

  @Test(arguments: orders) func `gathers along any axis`(_ order: MemoryOrder) throws {
    let x = Grid.random([2, 3, 4, 5])
    let found = try evaluate([x], orders: [order]) { builder, inputs in
      [
        builder.gather(inputs[0], axis: 1, indices: [2, 0, 0, -1]),
        builder.gather(inputs[0], axis: -1, indices: [4, 1]),
      ]
    }
    #expect(found[0] == Grid([2, 4, 4, 5]) { x[[$0[0], [2, 0, 0, 2][$0[1]], $0[2], $0[3]]] })
    #expect(found[1] == Grid([2, 3, 4, 2]) { x[[$0[0], $0[1], $0[2], [4, 1][$0[3]]]] })
  }
}
