import ECGraph
import ECONNX
import ECOperators
import ECTensor
import ECTestSupport
import Testing

/// A network with what PyTorch found for it; see `tools/oracle/make_gradient_fixtures.py`.
struct TrainingFixture: Sendable, CustomTestStringConvertible {
  static let all = [
    "vgg", "residual_frozen", "residual_batch", "inverted_frozen", "inverted_batch", "concat",
    "mixed", "attention",
  ].map(TrainingFixture.init)

  var name: String
  var testDescription: String { name }

  func graph() throws -> Graph {
    try ONNXImporter(table: .standard)
      .model(contentsOf: Fixture.path("gradients/\(name).onnx")).graph
  }

  func tensors() throws -> [String: Tensor] {
    guard let bytes = Fixture.bytes(Fixture.path("gradients/\(name).tensors")) else {
      throw Missing()
    }
    var (found, place): ([String: Tensor], Int) = ([:], 0)
    func number() -> Int {
      defer { place += 4 }
      return bytes[place..<place + 4].reversed().reduce(0) { $0 << 8 | Int($1) }
    }
    while place < bytes.count {
      let length = number()
      let text = String(decoding: bytes[place..<place + length], as: UTF8.self)
      place += length
      let rank = number()
      let shape = (0..<rank).map { _ in number() }
      let count = shape.reduce(1, *)
      let values = (0..<count).map { _ in Float(bitPattern: UInt32(number())) }
      found[text] = Tensor(values, shape: shape)
    }
    return found
  }

  struct Missing: Error {}
}

/// The largest difference in relation to the largest number.
func distance(_ a: [Float], _ b: [Float]) -> Float {
  guard a.count == b.count else { return .infinity }
  let largest = b.reduce(1e-6) { max($0, abs($1)) }
  return zip(a, b).reduce(0) { worst, pair in
    let error = abs(pair.0 - pair.1) / largest
    return error.isNaN ? .infinity : max(worst, error)
  }
}
