import ECGraph
import ECTestSupport
import Testing

import ECBatch

@Suite struct JobsFileTests {
  private func jobs(_ text: String, name: String = "jobs.yaml") throws -> [BatchJob] {
    let folder = Fixture.temporaryFolder()
    defer { Fixture.removeFolder(folder) }
    Fixture.write([UInt8](text.utf8), to: folder + "/" + name)
    for model in ["a.h5", "b.h5"] { Fixture.write([], to: folder + "/" + model) }
    return try JobsFile.jobs(folder + "/" + name, format: "onnx")
  }

  private func options(_ job: BatchJob) -> String { FormatValue.object(job.options).json() }

  @Test func `YAML and JSON say the same`() throws {
    let yaml = try jobs(
      """
      # a comment
      defaults: &d {prune: 0.5, exclude: ["head*", 'stem']}
      jobs:
        - "*.h5"
        - input: big.keras
          output: sub/big.onnx
          options: {prune: 7e-1, seed: 3, no-verify: true, criterion: no}
      """)
    let json = try jobs(
      """
      {"defaults": {"prune": 0.5, "exclude": ["head*", "stem"]},
       "jobs": ["*.h5", {"input": "big.keras", "output": "sub/big.onnx",
         "options": {"prune": 0.7, "seed": 3, "no-verify": true, "criterion": "no"}}]}
      """)
    #expect(yaml.map(\.output) == ["a.onnx", "b.onnx", "sub/big.onnx"])
    #expect(yaml.map(\.output) == json.map(\.output))
    #expect(yaml.map(options) == json.map(options))
    #expect(
      options(yaml[2])
        == #"{"prune":0.7,"exclude":["head*","stem"],"seed":3,"no-verify":true,"criterion":"no"}"#)
  }

  @Test(arguments: [
    ("{\"jobs\": [", "neither JSON nor YAML"), ("jobs: [a", "neither JSON nor YAML"),
    ("", "neither JSON"),
    ("- a.h5", "no object with 'jobs'"), ("jobs: a.h5", "'jobs' is no list"),
    ("jobs: []\nthreads: 2", "there is no such key"), ("jobs: [{output: x.onnx}]", "no input"),
    ("jobs: [{input: a.h5, output: ../x.onnx}]", "no path inside"),
    ("jobs: [{input: '*.h5', output: x.onnx}]", "one output is named for 2 inputs"),
    ("jobs: [{input: a.h5, options: 3}]", "no object of options"),
    ("? [a]\n: b", "is no text"),
  ])
  func `what is wrong with a file is told`(text: String, words: String) throws {
    let error = try #require(throws: BatchError.self) { try jobs(text) }
    #expect(error.what.contains(words), "\(error.what)")
    #expect(error.category == .input)
  }

  @Test func `aliases that unfold without end are refused`() throws {
    let text =
      "a0: &a0 [x]\n" + (1...40).map { "a\($0): &a\($0) [*a\($0 - 1), *a\($0 - 1)]\n" }.joined()
    let error = try #require(throws: BatchError.self) { try jobs(text) }
    #expect(error.what.contains("nested too deeply"))
  }

  @Test func `a shard takes every n-th job`() throws {
    let shard = try #require(BatchShard("2/3"))
    #expect((0..<7).filter { shard.contains($0) } == [1, 4])
    for text in ["", "2", "0/3", "4/3", "a/3", "1/2/3", "-1/3"] { #expect(BatchShard(text) == nil) }
  }

  @Test(arguments: [
    #"["a\u0000.h5"]"#, #"[{"input": "\u0000", "output": "c.onnx"}]"#,
    #"[{"input": "a.h5", "options": {"only": ["x\u0000y"]}}]"#,
  ])
  func `a NUL character would cut a path short`(entries: String) throws {
    #expect(throws: BatchError.self) {
      try jobs(#"{"jobs": \#(entries)}"#, name: "jobs.json")
    }
  }
}
