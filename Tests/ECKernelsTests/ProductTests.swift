import ECKernels
import Testing

@Suite struct ProductTests {
  @Test(arguments: [[1, 9], [4, 17], [2, 3, 8]], [false, true])
  func `inner products take weights either way round`(_ dims: [Int], _ transposed: Bool) throws {
    let (k, n) = (dims[dims.count - 1], 11)
    let x = Grid.random(dims)
    let w = Grid.random(transposed ? [n, k] : [k, n], seed: 2)
    let bias = Grid.random([n], seed: 3)
    for hasBias in [false, true] {
      let expected = Grid(dims.dropLast() + [n]) { index in
        let o = index[index.count - 1]
        let sum = (0..<k).reduce(Float(0)) { sum, i in
          sum + x[index.dropLast() + [i]] * w[transposed ? [o, i] : [i, o]]
        }
        return max(sum + (hasBias ? bias[[o]] : 0), 0)
      }
      let found = try evaluate([x]) { builder, inputs in
        let weights = builder.constant(dims: w.dims, w.values)
        let shift = hasBias ? builder.constant(dims: [n], bias.values) : nil
        let y = builder.innerProduct(
          inputs[0], weights: weights, bias: shift, transposed: transposed)
        return [builder.eltwise(.relu, y)]
      }
      #expect(distance(found[0], expected) < 1e-5)
    }
  }

  @Test(arguments: [
    ([3, 4], [4, 5]), ([2, 3, 4], [2, 4, 5]), ([2, 2, 3, 4], [1, 2, 4, 5]),
    ([3, 4], [2, 4, 5]),
  ])
  func `matrix products broadcast leading axes`(_ p: [Int], _ q: [Int]) throws {
    let (a, b) = (Grid.random(p), Grid.random(q, seed: 2))
    let rank = max(p.count, q.count)
    func pick(_ grid: Grid, _ lead: ArraySlice<Int>, _ tail: [Int]) -> Float {
      let own = grid.dims.dropLast(2)
      return grid[zip(lead.suffix(own.count), own).map { $1 == 1 ? 0 : $0 } + tail]
    }
    let lead = (p.count == rank ? p : q).dropLast(2)
    let expected = Grid(lead + [3, 5]) { index in
      (0..<4).reduce(0) { sum, i in
        sum + pick(a, index[..<(rank - 2)], [index[rank - 2], i])
          * pick(b, index[..<(rank - 2)], [i, index[rank - 1]])
      }
    }
    let found = try evaluate([a, b]) { builder, inputs in
      [builder.matrixProduct(inputs[0], inputs[1])]
    }
    #expect(distance(found[0], expected) < 1e-5)
    let turned = Array(0..<q.count - 2) + [q.count - 1, q.count - 2]
    let transposed = Grid(dims: turned.map { q[$0] }, values: b.stored(turned))
    let again = try evaluate([a, transposed]) { builder, inputs in
      [builder.matrixProduct(inputs[0], builder.transpose(inputs[1], turned))]
    }
    #expect(distance(again[0], expected) < 1e-5)
  }
}
