import ECConvert
import ECDiagnostics
import ECTestSupport
import Testing

private let signature: [UInt8] = [0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A]

@Suite struct ModelFormatTests {
  private let folder = Folder()

  private func detect(_ bytes: [UInt8]) throws -> ModelFormat {
    try ModelFormat.detect(folder.write(bytes, "model"))
  }

  @Test func `the content decides, not the name`() throws {
    #expect(try detect(signature + [0, 0]) == .kerasHDF5)
    #expect(try detect([0x50, 0x4B, 3, 4, 0, 0]) == .kerasZip)
    #expect(try detect([0x08, 8, 0x12, 2, 0x70, 0x70, 0x3A, 0, 0x42, 0]) == .onnx)
  }

  @Test(arguments: [512, 1024, 2048])
  func `a user block may stand before HDF5`(count: Int) throws {
    #expect(try detect([UInt8](repeating: 0x20, count: count) + signature) == .kerasHDF5)
    #expect(throws: ConversionFault.self) {
      try detect([UInt8](repeating: 0x20, count: count + 8) + signature)
    }
  }

  @Test(arguments: [[], Array("just some text, longer than a header".utf8), [0x89, 0x48, 0x44]])
  func `other files are refused`(bytes: [UInt8]) {
    let error = #expect(throws: ConversionFault.self) { try detect(bytes) }
    let words =
      bytes.isEmpty
      ? "the file is empty" : "neither HDF5, nor a .keras archive, nor an ONNX protobuf"
    #expect(error?.reason == .unknownFormat(found: words))
  }

  @Test func `what people take for a model is told apart`() throws {
    func foreign(_ path: String) -> ConversionFault.Reason? {
      (#expect(throws: ConversionFault.self) { try ModelFormat.detect(path) })?.reason
    }
    let lite: [UInt8] = [0x1C, 0, 0, 0] + Array("TFL3".utf8) + [0, 0]
    #expect(foreign(folder.write(lite, "a.tflite")) == .foreignFormat(.tensorFlowLite))
    let tensors: [UInt8] = [64, 0, 0, 0, 0, 0, 0, 0] + Array(#"{"a":{"dtype":"F32"#.utf8)
    #expect(foreign(folder.write(tensors, "a.safetensors")) == .foreignFormat(.safetensors))
    let pickle: [UInt8] = [0x80, 2, 0x8A, 10, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20]
    #expect(foreign(folder.write(pickle, "a.pt")) == .foreignFormat(.pickle))
    #expect(foreign(folder.path) == .foreignFormat(.folder))
    _ = folder.write([8], "saved_model.pb")
    #expect(foreign(folder.path) == .foreignFormat(.savedModel))
  }

  @Test func `fixtures are what their names say`() throws {
    #expect(try ModelFormat.detect(Fixture.path("keras/multi_io_k3.h5")) == .kerasHDF5)
  }

  @Test func `an output's extension names its format`() throws {
    for path in ["a.onnx", "x/y.ONNX", "-", "b.tar.onnx"] {
      #expect(try ModelFormat.output(path) == .onnx)
    }
    #expect(try ModelFormat.output("a.H5") == .kerasHDF5)
    #expect(try ModelFormat.output("x.onnx/a.hdf5") == .kerasHDF5)
    #expect(try ModelFormat.output("a.keras") == .kerasZip)
    for (path, ext) in [("a.pb", "pb"), ("onnx", ""), ("a.onnx/b", ""), ("", "")] {
      #expect(throws: ConversionFault(.unknownOutput(extension: ext))) {
        try ModelFormat.output(path)
      }
    }
  }
}
