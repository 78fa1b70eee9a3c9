import ECConvert
import ECTestSupport
import Testing

@Suite struct BenchmarkTests {
  /// A worker that says what a shell script lets it say; each run takes the next time of a list.
  private func options(_ script: String, runs: Int? = 4) -> BenchmarkOptions {
    var options = BenchmarkOptions(worker: ["/bin/sh", "-c", script])
    options.python = nil
    options.runs = runs
    return options
  }

  private static let steady = """
    echo ready ecconvert/1 1000
    while read word; do
      if [ $word = peak ]; then echo 3001000; else echo 0.5 0.25; fi
    done
    """

  @Test func `times, throughput and memory are those that the worker says`() throws {
    var options = options(Self.steady)
    options.batch = 3
    let benchmark = try Benchmark(of: Fixture.path("cli/cnn.h5"), options) { _, _ in }
    #expect(benchmark.lines.count == 3)
    #expect(benchmark.lines[0].hasPrefix("batch 3, "))
    let row = benchmark.lines[2].split(separator: " ").map(String.init)
    #expect(
      row == ["cnn.h5", "ecconvert", "500", "ms", "500", "ms", "250", "ms", "6.0", "3", "MB"])
    #expect(benchmark.lines.allSatisfy { $0.count <= 80 })
  }

  @Test func `a baseline is compared round by round`() throws {
    // Only the picture of the first model has four extents.
    let script = """
      case $5 in *,*,*,*) t=1;; *) t=2;; esac
      n=1
      echo ready ecconvert/1 0
      while read word; do
        if [ $word = peak ]; then echo $((t * 1000000)); continue; fi
        n=$((n * 2)); echo $((t * n)) $((t * t * n))
      done
      """
    var options = options(script)
    options.baseline = Fixture.path("cli/mlp.h5")
    let benchmark = try Benchmark(of: Fixture.path("cli/cnn.h5"), options) { _, _ in }
    // Each round takes twice as long as the one before; the ratio doesn't mind.
    #expect(
      benchmark.lines.last
        == "model / baseline in ecconvert: 0.50 x time, 0.25 x CPU, 0.50 x memory")
    #expect(benchmark.json().contains("\"latency\": 0.5"))
  }

  @Test(arguments: ["echo error no such layer", "exit 1", "echo ready ecconvert/1 0; read word"])
  func `a worker that fails is an error with its words`(script: String) throws {
    let error = #expect(throws: ConversionError.self) {
      _ = try Benchmark(of: Fixture.path("cli/cnn.h5"), options(script)) { _, _ in }
    }
    #expect(error?.what.hasPrefix("it can't be measured: ") == true)
    if script.contains("layer") { #expect(error?.what.contains("no such layer") == true) }
  }

  @Test func `an engine that isn't there is named, and the rest measured`() throws {
    var options = options(Self.steady)
    options.python = "/nonexistent/python3"
    let benchmark = try Benchmark(of: Fixture.path("cli/cnn.h5"), options) { _, _ in }
    #expect(benchmark.warnings.count == 1)
    #expect(benchmark.warnings[0].contains("onnxruntime doesn't run"))
    #expect(benchmark.warnings[0].contains("No such file"))
  }
}
