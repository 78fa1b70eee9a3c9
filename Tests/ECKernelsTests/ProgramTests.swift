import ECKernels
import Testing

@Suite struct ProgramTests {
  @Test func `outputs come in the order asked for`() throws {
    let x = Grid.random([2, 3, 4, 5])
    var builder = ProgramBuilder()
    let input = builder.input(dims: x.dims)
    builder.output(input, order: channelsLast)
    builder.output(input)
    let found = try builder.build().run([x.values])
    #expect(found[0] == x.stored([0, 2, 3, 1]))
    #expect(found[1] == x.values)
  }

  @Test func `a scalar and a constant can be outputs`() throws {
    var builder = ProgramBuilder()
    let scalar = builder.constant(dims: [], [3])
    builder.output(scalar)
    builder.output(builder.eltwise(.square, scalar))
    #expect(try builder.build().run([]) == [[3], [9]])
  }

  @Test func `lent constants are read, not copied`() throws {
    final class Owner {
      let values = UnsafeMutableBufferPointer<Float>.allocate(capacity: 4)
      deinit { values.deallocate() }
    }
    let owner = Owner()
    for i in 0..<4 { owner.values[i] = Float(i) }
    var builder = ProgramBuilder()
    let x = builder.input(dims: [4])
    let c = builder.constant(dims: [4], UnsafeBufferPointer(owner.values), owner: owner)
    builder.output(builder.concat([x, c], axis: 0))
    let program = try builder.build()
    #expect(try program.run([[1, 1, 1, 1]]) == [[1, 1, 1, 1, 0, 1, 2, 3]])
    #expect(program.constantByteCount == 16)
  }

  @Test func `memory is shared by values that don't meet`() throws {
    var builder = ProgramBuilder()
    var x = builder.input(dims: [1, 16, 32, 32], order: channelsLast)
    let bytes = x.count * 4
    for _ in 0..<10 {
      x = builder.pooling(.max, x, window: [3, 3], padsBegin: [1, 1], padsEnd: [1, 1])
    }
    builder.output(x)
    let program = try builder.build()
    #expect(program.activationByteCount < 3 * bytes)
  }

  @Test func `kernels that no output needs are left out`() throws {
    var builder = ProgramBuilder()
    let x = builder.input(dims: [8])
    _ = builder.eltwise(.exp, x)
    builder.output(builder.eltwise(.negate, x))
    #expect(try builder.build().listing.count == 2)
  }

  @Test func `a chain of convolution, residual sum and relu is one kernel`() throws {
    var builder = ProgramBuilder()
    let x = builder.input(dims: [1, 32, 8, 8])
    let w = Grid.random([32, 32, 1, 1])
    let weights = builder.constant(dims: w.dims, w.values)
    let a = builder.eltwise(.relu, builder.convolution(x, weights: weights))
    let b = builder.eltwise(.swish(alpha: 1), builder.convolution(a, weights: weights))
    let c = builder.convolution(b, weights: weights)
    builder.output(builder.eltwise(.relu, builder.binary(.add, c, a)))
    let kernels = try builder.build().listing.map(\.kernel).filter { !$0.hasPrefix("reorder") }
    #expect(kernels.count == 3)
    #expect(kernels.allSatisfy { $0.hasPrefix("convolution") && !$0.contains("ref") })
  }

  @Test func `contradictions surface when the program is built`() {
    var builder = ProgramBuilder()
    let x = builder.input(dims: [1, 3, 8, 8])
    let w = builder.constant(dims: [4, 2, 3, 3], [Float](repeating: 0, count: 72))
    let y = builder.eltwise(.relu, builder.convolution(x, weights: w))
    builder.output(builder.softmax(y, axis: 7))
    let expected = KernelError(
      .dims(kernel: "convolution weights", found: [4, 2, 3, 3], expected: [4, 3, 3, 3]))
    #expect(throws: expected) { try builder.build() }
  }

  @Test func `buffers of another builder are refused`() {
    var (first, second) = (ProgramBuilder(), ProgramBuilder())
    _ = first.input(dims: [4])
    let y = second.input(dims: [5])
    first.output(y)
    #expect(throws: KernelError(.foreignBuffer(kernel: "output"))) { try first.build() }
  }

  @Test func `operands of the wrong size are refused`() throws {
    var builder = ProgramBuilder()
    builder.output(builder.input(dims: [4]))
    let program = try builder.build()
    #expect(throws: KernelError(.operandCount(found: 0, expected: 1))) { try program.run([]) }
    #expect(throws: KernelError(.elementCount(operand: 0, found: 3, expected: 4))) {
      try program.run([[1, 2, 3]])
    }
  }

  @Test func `a program runs on another thread than the one that built it`() async throws {
    let c = ConvolutionCase.all[1]
    let (x, w) = (Grid.random(c.x), Grid.random([20, 3, 3, 3], seed: 2))
    let results = try await withThrowingTaskGroup(of: [Float].self) { group in
      for _ in 0..<4 {
        group.addTask {
          try evaluate([x]) { builder, inputs in
            let weights = builder.constant(dims: w.dims, w.values)
            return [
              builder.convolution(
                inputs[0], weights: weights, strides: c.strides, padsBegin: c.begin,
                padsEnd: c.end)
            ]
          }[0].values
        }
      }
      return try await group.reduce(into: [[Float]]()) { $0.append($1) }
    }
    #expect(Set(results).count == 1)
  }

  @Test func `the number of threads can be set`() {
    let before = Threads.count
    Threads.set(2)
    #expect(Threads.count == 2)
    Threads.set(0)
    #expect(Threads.count == 1)
    Threads.set(before)
  }

  @Test func `every error has words`() {
    #expect(
      KernelError.samples.map(\.what) == [
        "oneDNN refused convolution: unimplemented",
        "convolution has shape [1, 3], expected [1, 4]",
        "softmax can't take axis [4]",
        "concat was given a buffer of another program",
        "the program was given 1 operands, expected 2",
        "operand 0 has 3 elements, expected 12",
        "1 kernel has no gradient",
        "1099511627776 bytes of memory for activations can't be had",
      ])
  }
}
