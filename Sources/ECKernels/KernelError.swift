public import ECDiagnostics

/// A kernel that can't be described, built or run.
public struct KernelError: DiagnosticError, Equatable {
  /// The facts of the failure.
  public enum Reason: Sendable, Equatable {
    /// oneDNN refused a call; `status` is its name for the refusal.
    case library(call: String, status: String)
    /// Two shapes that must agree differ.
    case dims(kernel: String, found: [Int], expected: [Int])
    /// A parameter is outside what the kernel accepts.
    case parameter(kernel: String, name: String, value: [Int])
    /// A buffer of another builder was passed.
    case foreignBuffer(kernel: String)
    /// A program was given the wrong number of inputs or outputs.
    case operandCount(found: Int, expected: Int)
    /// An input or output has the wrong number of elements.
    case elementCount(operand: Int, found: Int, expected: Int)
    /// Kernels, each with its place, have no gradient.
    case noGradient([String])
    /// The memory of a program can't be allocated.
    case memory(byteCount: Int)
  }

  /// What happened.
  public let reason: Reason
  /// The kernel, as the builder's caller named it.
  public let place: Place

  /// Makes an error at a place.
  public init(_ reason: Reason, at place: Place = Place()) {
    self.reason = reason
    self.place = place
  }

  /// One sample of every reason, for the test that prints them all.
  public static let samples: [KernelError] = [
    KernelError(.library(call: "convolution", status: "unimplemented")),
    KernelError(.dims(kernel: "convolution", found: [1, 3], expected: [1, 4])),
    KernelError(.parameter(kernel: "softmax", name: "axis", value: [4])),
    KernelError(.foreignBuffer(kernel: "concat")),
    KernelError(.operandCount(found: 1, expected: 2)),
    KernelError(.elementCount(operand: 0, found: 3, expected: 12)),
    KernelError(.noGradient(["node 'product': reduction product"])),
    KernelError(.memory(byteCount: 1 << 40)),
  ]
}
