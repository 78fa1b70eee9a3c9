import ECFineTune
import Testing

struct LearningRateScheduleTests {
  @Test func `the rate grows evenly and falls along a cosine`() {
    let schedule = LearningRateSchedule(rate: 1, warmUp: 4, course: .cosine(end: 0.1))
    #expect((0..<4).map { schedule.rate(at: $0, of: 12) } == [0.25, 0.5, 0.75, 1])
    #expect(schedule.rate(at: 4, of: 12) == 1)
    #expect(abs(schedule.rate(at: 8, of: 12) - 0.55) < 1e-12)
    #expect(abs(schedule.rate(at: 12, of: 12) - 0.1) < 1e-12)
  }

  @Test func `steps multiply the rate`() {
    let schedule = LearningRateSchedule(rate: 8, course: .step(every: 3, factor: 0.5))
    #expect((0..<7).map { schedule.rate(at: $0, of: 7) } == [8, 8, 8, 4, 4, 4, 2])
  }

  @Test func `layers are read as words`() {
    #expect(TrainedLayers("all") == .all)
    #expect(TrainedLayers("last:3") == .last(3))
    for text in ["", "last", "last:", "last:0", "last:x", "first:2", "last:1:2"] {
      #expect(TrainedLayers(text) == nil)
    }
  }
}
