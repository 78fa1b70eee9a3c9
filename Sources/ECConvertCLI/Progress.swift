import ECConvert
import Glibc
import Synchronization

/// The line that says which stage runs, on a terminal; the stages' times with `-v`.
final class Progress: Sendable {
  private struct State {
    var stage: String?
    var started = ProcessMemory.now
    var begun = ProcessMemory.now
    var drawn = 0.0
  }

  private let console: Console
  private let state = Mutex(State())

  init(_ console: Console) {
    self.console = console
  }

  /// Takes a report of the running conversion.
  func report(_ stage: String, _ fraction: Double?) {
    state.withLock { state in
      let now = ProcessMemory.now
      let changed = state.stage != stage
      if changed {
        close(&state, at: now)
        state.stage = stage
        state.started = now
        console.begins(stage)
      }
      // Ten times a second is as much as anybody reads.
      guard console.drawsProgress, changed || now - state.drawn > 0.1 else { return }
      state.drawn = now
      let share = fraction.map { " \(Int(($0 * 100).rounded()))%" } ?? ""
      let elapsed = Console.short(now - state.begun)
      Console.write("\r\u{1B}[K\(stage)\(share) (\(elapsed) s)", to: STDERR_FILENO)
    }
  }

  /// Ends the last stage and takes the line away.
  func finish() {
    state.withLock { close(&$0, at: ProcessMemory.now) }
  }

  private func close(_ state: inout State, at now: Double) {
    guard let stage = state.stage else { return }
    if console.drawsProgress { Console.write("\r\u{1B}[K", to: STDERR_FILENO) }
    console.timing(stage, seconds: now - state.started)
    state.stage = nil
  }
}
