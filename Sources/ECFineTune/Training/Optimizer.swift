import Glibc

/// How weights follow their gradients.
public struct Optimizer: Sendable, Equatable {
  /// The rule.
  public enum Method: Sendable, Equatable {
    /// Stochastic gradient descent; decay is part of the gradient.
    case sgd(momentum: Float, nesterov: Bool)
    /// Adam with decay beside the gradient. Source: Loshchilov and Hutter, 2019.
    case adamW(beta1: Float, beta2: Float, epsilon: Float)
  }

  /// The rule.
  public var method: Method
  /// Pulls weights of two or more axes to zero; biases and normalizations are left alone.
  public var weightDecay: Float

  /// Makes an optimizer.
  public init(_ method: Method, weightDecay: Float = 0) {
    (self.method, self.weightDecay) = (method, weightDecay)
  }

  /// Descent with momentum 0.9.
  public static func sgd(
    momentum: Float = 0.9, nesterov: Bool = false, weightDecay: Float = 0
  ) -> Optimizer {
    Optimizer(.sgd(momentum: momentum, nesterov: nesterov), weightDecay: weightDecay)
  }

  /// AdamW with its usual constants.
  public static func adamW(weightDecay: Float = 0.01) -> Optimizer {
    Optimizer(.adamW(beta1: 0.9, beta2: 0.999, epsilon: 1e-8), weightDecay: weightDecay)
  }

  /// The numbers that the rule keeps for every weight.
  public var momentCount: Int {
    switch method {
    case .sgd(let momentum, _): momentum == 0 ? 0 : 1
    case .adamW: 2
    }
  }

  /// A piece of all weights.
  struct Piece {
    var weights: UnsafeMutablePointer<Float>
    var gradients: UnsafePointer<Float>
    /// As many as `momentCount`.
    var moments: [UnsafeMutablePointer<Float>]
    var count: Int
    var decays: Bool
  }

  /// Moves weights against their gradients.
  /// - Parameter step: counted from 0.
  func update(_ piece: Piece, rate: Double, step: Int) {
    let decay = piece.decays ? weightDecay : 0
    switch method {
    case .sgd(let momentum, let nesterov):
      guard let velocity = piece.moments.first else {
        return descend(piece, Float(rate), decay)
      }
      descend(piece, velocity, Float(rate), decay, momentum, nesterov)
    case .adamW(let beta1, let beta2, let epsilon):
      let corrections = (
        1 - pow(Double(beta1), Double(step + 1)), 1 - pow(Double(beta2), Double(step + 1))
      )
      let (size, root) = (Float(rate / corrections.0), Float(corrections.1.squareRoot()))
      let (w, g) = (piece.weights, piece.gradients)
      let (m, v) = (piece.moments[0], piece.moments[1])
      let kept = 1 - Float(rate) * decay
      for i in 0..<piece.count {
        m[i] = beta1 * m[i] + (1 - beta1) * g[i]
        v[i] = beta2 * v[i] + (1 - beta2) * g[i] * g[i]
        w[i] = w[i] * kept - size * m[i] / (v[i].squareRoot() / root + epsilon)
      }
    }
  }

  private func descend(_ piece: Piece, _ rate: Float, _ decay: Float) {
    let (w, g) = (piece.weights, piece.gradients)
    for i in 0..<piece.count { w[i] -= rate * (g[i] + decay * w[i]) }
  }

  private func descend(
    _ piece: Piece, _ velocity: UnsafeMutablePointer<Float>, _ rate: Float, _ decay: Float,
    _ momentum: Float, _ nesterov: Bool
  ) {
    let (w, g) = (piece.weights, piece.gradients)
    if nesterov {
      for i in 0..<piece.count {
        let gradient = g[i] + decay * w[i]
        velocity[i] = momentum * velocity[i] + gradient
        w[i] -= rate * (gradient + momentum * velocity[i])
      }
    } else {
      for i in 0..<piece.count {
        velocity[i] = momentum * velocity[i] + (g[i] + decay * w[i])
        w[i] -= rate * velocity[i]
      }
    }
  }
}
