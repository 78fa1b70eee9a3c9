import ECBLAS
import ECDiagnostics
import ECRandom
import Glibc

/// Learns a linear classifier in small batches, by momentum or by AdamW, with a cosine schedule.
///
/// After every epoch all of its state can be kept and taken up again; the orders of rows come from
/// the seed and the epoch, so that the result doesn't tell whether that happened.
struct MinibatchTrainer {
  /// How a gradient becomes a step.
  enum Rule: Sendable, Equatable {
    /// Momentum 0.9 after Sutskever, weight decay in the loss.
    case momentum
    /// Moments of 0.9 and 0.999, weight decay apart. Source: Loshchilov and Hutter, "Decoupled
    /// Weight Decay Regularization".
    case adamw
  }

  let rule: Rule
  let epochs: Int
  let batch: Int
  let rate: Double
  let decay: Double
  let seed: UInt64
  let classCount: Int

  /// Everything that the next epoch depends on.
  struct State: Equatable {
    var epoch = 0
    var step = 0
    var parameters: [Double]
    var first: [Double]
    var second: [Double]

    init(count: Int) {
      parameters = [Double](repeating: 0, count: count)
      first = parameters
      second = parameters
    }
  }

  /// Goes through all rows once.
  /// - Parameter weight: how much a row counts, by its class.
  /// - Returns: the mean loss.
  /// - Throws: `FineTuneError.notANumber` with the epoch and the step.
  func run(
    _ state: inout State, rows: [Double], labels: [Int], width: Int, weight: (Int) -> Double,
    teacher: SoftmaxObjective.Teacher?
  ) throws -> Double {
    var generator = SplitMix64(seed: seed &+ UInt64(state.epoch) &* 0xD1B5_4A32_D192_ED03)
    let order = labels.indices.shuffled(using: &generator)
    let stepsPerEpoch = (order.count + batch - 1) / batch
    var sum = 0.0
    for start in stride(from: 0, to: order.count, by: batch) {
      let chosen = Array(order[start..<min(start + batch, order.count)])
      let objective = SoftmaxObjective(
        rows: chosen.flatMap { rows[($0 * width)..<(($0 + 1) * width)] },
        labels: chosen.map { labels[$0] }, weights: chosen.map { weight(labels[$0]) },
        width: width, classCount: classCount, decay: rule == .momentum ? decay : 0,
        teacher: teacher.map { $0.rows(chosen, classCount: classCount) })
      let (loss, gradient) = try objective.evaluate(state.parameters)
      guard loss.isFinite, gradient.allSatisfy(\.isFinite) else {
        throw FineTuneError(
          .notANumber(
            "the loss is no number in epoch \(state.epoch + 1), step \(start / batch + 1)"))
      }
      sum += loss * Double(chosen.count)
      state.step += 1
      let share = Double(state.step) / Double(epochs * stepsPerEpoch)
      update(&state, gradient, rate: rate * (1 + cos(Double.pi * min(share, 1))) / 2, width)
    }
    state.epoch += 1
    return sum / Double(max(order.count, 1))
  }

  private func update(_ state: inout State, _ gradient: [Double], rate: Double, _ width: Int) {
    switch rule {
    case .momentum:
      for k in gradient.indices {
        state.first[k] = 0.9 * state.first[k] + gradient[k]
        state.parameters[k] -= rate * state.first[k]
      }
    case .adamw:
      let (a, b) = (1 - pow(0.9, Double(state.step)), 1 - pow(0.999, Double(state.step)))
      for k in gradient.indices {
        state.first[k] = 0.9 * state.first[k] + 0.1 * gradient[k]
        state.second[k] = 0.999 * state.second[k] + 0.001 * gradient[k] * gradient[k]
        let isBias = k >= classCount * width
        state.parameters[k] -= rate * (isBias ? 0 : decay * state.parameters[k])
        state.parameters[k] -=
          rate * (state.first[k] / a) / ((state.second[k] / b).squareRoot() + 1e-8)
      }
    }
  }
}

extension SoftmaxObjective.Teacher {
  /// The scores of some rows.
  func rows(_ chosen: [Int], classCount: Int) -> SoftmaxObjective.Teacher {
    var part = self
    part.scores = chosen.flatMap { scores[($0 * classCount)..<(($0 + 1) * classCount)] }
    return part
  }
}
