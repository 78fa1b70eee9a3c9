import Testing

import ECFineTune

@Suite struct MetricsTests {
  @Test func `figures follow from the confusion matrix`() {
    let matrix = ConfusionMatrix(
      labels: [0, 0, 0, 1, 1, 2], predictions: [0, 0, 1, 1, 0, 1], classCount: 4)
    #expect(matrix.counts == [[2, 1, 0, 0], [1, 1, 0, 0], [0, 1, 0, 0], [0, 0, 0, 0]])
    #expect(matrix.accuracy == 0.5)
    let figures = matrix.perClass
    #expect(figures[0].precision == 2.0 / 3 && figures[0].recall == 2.0 / 3)
    #expect(figures[1].precision == 1.0 / 3 && figures[1].recall == 0.5)
    #expect(abs(figures[1].f1 - 0.4) < 1e-12)
    #expect(figures[2].f1 == 0 && figures[3].support == 0)
  }
}
