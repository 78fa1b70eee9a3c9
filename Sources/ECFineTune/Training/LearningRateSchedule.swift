import Glibc

/// The learning rate of every step.
public struct LearningRateSchedule: Sendable, Equatable {
  /// What becomes of the rate after the warm-up.
  public enum Course: Sendable, Equatable {
    /// It stays.
    case constant
    /// It falls along half a cosine to a fraction of the rate.
    case cosine(end: Double)
    /// It is multiplied by a factor after every so many steps.
    case step(every: Int, factor: Double)
  }

  /// The highest rate.
  public var rate: Double
  /// The steps in which the rate grows evenly from near zero.
  public var warmUp: Int
  /// What follows.
  public var course: Course

  /// Makes a schedule.
  public init(rate: Double, warmUp: Int = 0, course: Course = .cosine(end: 0)) {
    (self.rate, self.warmUp, self.course) = (rate, warmUp, course)
  }

  /// The rate of step `step`, counted from 0, of `total`.
  public func rate(at step: Int, of total: Int) -> Double {
    if step < warmUp { return rate * Double(step + 1) / Double(warmUp) }
    let passed = step - warmUp
    switch course {
    case .constant: return rate
    case .cosine(let end):
      let share = Double(passed) / Double(max(total - warmUp, 1))
      let height = (1 + cos(.pi * min(share, 1))) / 2
      return rate * (end + (1 - end) * height)
    case .step(let every, let factor):
      return rate * pow(factor, Double(passed / max(every, 1)))
    }
  }
}
