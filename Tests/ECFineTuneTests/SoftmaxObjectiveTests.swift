import ECBLAS
import ECGraph
import ECTestSupport
import Testing

import ECFineTune

/// Numbers that scipy found for one small problem.
struct ObjectiveFixture {
  let object: FormatObject
  let cases: [FormatObject]

  init() throws {
    let bytes = try #require(Fixture.bytes(Fixture.path("finetune/objective.json")))
    object = try #require(try FormatValue(json: bytes).object)
    cases = object["cases"]?.list?.compactMap(\.object) ?? []
  }

  func numbers(_ key: String, of object: FormatObject? = nil) -> [Double] {
    (object ?? self.object)[key]?.doubles ?? []
  }

  func objective(_ entry: FormatObject) -> SoftmaxObjective {
    let share = entry["share"]?.double ?? 0
    return SoftmaxObjective(
      rows: numbers("rows"), labels: object["labels"]?.ints ?? [], weights: numbers("weights"),
      width: object["width"]?.int ?? 0, classCount: object["classes"]?.int ?? 0,
      decay: entry["decay"]?.double ?? 0,
      teacher: share == 0
        ? nil
        : SoftmaxObjective.Teacher(
          scores: numbers("teacher"), share: share,
          temperature: entry["temperature"]?.double ?? 1))
  }
}

@Suite struct SoftmaxObjectiveTests {
  @Test func `losses and gradients are those of numpy, with a teacher and without`() throws {
    let fixture = try ObjectiveFixture()
    #expect(fixture.cases.count == 3)
    for entry in fixture.cases {
      let (loss, gradient) = try fixture.objective(entry).evaluate(fixture.numbers("start"))
      #expect(abs(loss - (entry["loss"]?.double ?? 0)) < 1e-9)
      for (a, b) in zip(gradient, fixture.numbers("gradient", of: entry)) {
        #expect(abs(a - b) < 1e-7)
      }
    }
  }

  @Test func `L-BFGS ends where that of scipy ends`() throws {
    let fixture = try ObjectiveFixture()
    for entry in fixture.cases {
      let objective = fixture.objective(entry)
      let start = [Double](repeating: 0, count: objective.parameterCount)
      var search = try LimitedMemoryBFGS(at: start) { (point) throws(BLASError) in
        try objective.evaluate(point)
      }
      search.tolerance = 1e-9
      var steps = 0
      while !search.isConverged, steps < 500 {
        let moved = try search.step { (point) throws(BLASError) in
          try objective.evaluate(point)
        }
        if !moved { break }
        steps += 1
      }
      #expect(abs(search.loss - (entry["least"]?.double ?? 0)) < 1e-10)
      // A shift of all biases changes nothing.
      let (width, classes) = (objective.width, objective.classCount)
      func centred(_ p: [Double]) -> [Double] {
        let biases = p.suffix(classes)
        let mean = biases.reduce(0, +) / Double(classes)
        return p.prefix(width * classes) + biases.map { $0 - mean }
      }
      for (a, b) in zip(centred(search.point), centred(fixture.numbers("minimum", of: entry))) {
        #expect(abs(a - b) < 1e-4)
      }
    }
  }

  @Test func `scaling features and folding the scale back changes no score`() throws {
    let features = LabelledFeatures(
      rows: [1, 20, 3, 22, 5, 24, 7, 29], width: 2, labels: [0, 0, 1, 1])
    let scaling = FeatureScaling(features)
    let parameters = [0.5, -1, 2, 0.25, 0.1, -0.2]
    let scores = try SoftmaxObjective.scores(
      scaling.apply(features), width: 2, parameters, classCount: 2)
    let head = scaling.unscaled(parameters, classCount: 2)
    for i in 0..<4 {
      for c in 0..<2 {
        var score = Double(head.bias[c])
        for k in 0..<2 { score += Double(head.kernel[c * 2 + k] * features.rows[i * 2 + k]) }
        #expect(abs(score - scores[i * 2 + c]) < 1e-5)
      }
    }
  }
}
