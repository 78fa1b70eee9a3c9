import ECDiagnostics
import ECGraph
import ECONNX
import ECTestSupport
import Glibc
import Testing

@Suite struct ONNXErrorTests {
  private func message(_ name: String) -> String {
    do throws(ONNXError) {
      _ = try ONNXImporter(table: .test).model(contentsOf: Fixture.path("onnx/\(name)"))
      return "\(name): read without complaint"
    } catch {
      return Renderer(colour: false).render(error)
    }
  }

  private func compare(_ text: String, _ golden: String) throws {
    let path = Fixture.path("onnx/\(golden)")
    if getenv("ECCONVERT_RECORD") != nil { Fixture.write(Array(text.utf8), to: path) }
    let expected = try #require(Fixture.bytes(path))
    #expect(text == String(decoding: expected, as: UTF8.self))
  }

  @Test func `every broken file is refused in the recorded words`() throws {
    guard let folder = opendir(Fixture.path("onnx")) else { return }
    defer { closedir(folder) }
    var names: [String] = []
    while let entry = readdir(folder) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name.hasPrefix("broken_") { names.append(name) }
    }
    #expect(names.count == 46)
    let text = names.sorted().map(message).joined(separator: "\n") + "\n"
    #expect(!text.contains("without complaint"))
    try compare(text, "broken.txt")
  }

  @Test func `every fact has words`() throws {
    let text =
      ONNXError.samples.map { Renderer(colour: false).render($0) }
      .joined(separator: "\n") + "\n"
    try compare(text, "errors.txt")
  }

  @Test func `a missing file is told from an unreadable one`() {
    for (path, category) in [("/no/such.onnx", FaultCategory.missingInput), ("/", .input)] {
      do throws(ONNXError) {
        _ = try ONNXImporter(table: .test).model(contentsOf: path)
        Issue.record("\(path) was read")
      } catch {
        #expect(error.category == category)
      }
    }
  }
}
