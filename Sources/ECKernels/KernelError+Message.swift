public import ECDiagnostics

extension KernelError {
  public var what: String {
    switch reason {
    case .library(let call, let status):
      "oneDNN refused \(call): \(status)"
    case .dims(let kernel, let found, let expected):
      "\(kernel) has shape \(found), expected \(expected)"
    case .parameter(let kernel, let name, let value):
      "\(kernel) can't take \(name) \(value)"
    case .foreignBuffer(let kernel):
      "\(kernel) was given a buffer of another program"
    case .operandCount(let found, let expected):
      "the program was given \(found) operands, expected \(expected)"
    case .elementCount(let operand, let found, let expected):
      "operand \(operand) has \(found) elements, expected \(expected)"
    case .noGradient(let kernels):
      "\(kernels.count) \(kernels.count == 1 ? "kernel has" : "kernels have") no gradient"
    case .memory(let byteCount):
      "\(byteCount) bytes of memory for activations can't be had"
    }
  }

  public var remedy: String? {
    if case .memory = reason { return "use a smaller batch" }
    return nil
  }

  public var details: [String] {
    if case .noGradient(let kernels) = reason { return kernels }
    return []
  }

  public var category: FaultCategory { .internal }
}
