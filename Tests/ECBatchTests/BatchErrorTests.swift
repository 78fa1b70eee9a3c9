import ECBatch
import ECDiagnostics
import Testing

@Suite struct BatchErrorTests {
  @Test func `every fault says what, and most say what to do`() {
    let lines = BatchError.samples.map { Renderer(colour: false).render($0) }
    #expect(
      lines.joined(separator: "\n") == """
        error: a.yaml: no such file or directory
          to fix: check the path
        error: a.json: neither JSON nor YAML: a comma or '}' is missing at byte 12
          to fix: write, for example, {"jobs": [{"input": "a.h5"}]}
        error: a.json: a job has no input
          to fix: see schemas/jobs.schema.json
        error: no model is named
          to fix: ecconvert batch IN... --out-dir DIR, or --jobs-file FILE
        error: no model matches 'models/*.h5'
          to fix: check the pattern; folders are searched for .h5, .hdf5, .keras and .onnx
        error: 'a.h5' and 'a.keras' would both become 'a.onnx'
          to fix: give them names of their own in a jobs file
        error: out: 2 of the outputs exist, such as 'a.onnx'
          to fix: --resume goes on and skips what is done, --force replaces them
        error: out: can't be written: permission denied
        error: out: another batch is at work in this folder
          to fix: wait for it, or name another --out-dir
        error: a.h5: its process can't be started: resource temporarily unavailable
        """)
  }
}
