import ECTensor
import ECTestSupport

/// The float32 arrays of an uncompressed `.npz` file, by name.
struct NumpyArchive {
  private(set) var arrays: [String: Tensor] = [:]

  /// Reads a file; members that aren't float32 are left out.
  init?(_ path: String) {
    guard let bytes = Fixture.bytes(path) else { return nil }
    func number(_ at: Int, _ width: Int) -> Int {
      (0..<width).reduce(0) { $0 | Int(bytes[at + $1]) << (8 * $1) }
    }
    var at = 0
    while at + 30 <= bytes.count, number(at, 4) == 0x0403_4B50 {
      let (nameCount, extraCount) = (number(at + 26, 2), number(at + 28, 2))
      let name = String(decoding: bytes[(at + 30)..<(at + 30 + nameCount)], as: UTF8.self)
      var byteCount = number(at + 18, 4)
      // Sizes of members that were streamed stand in a zip64 field.
      if byteCount == 0xFFFF_FFFF { byteCount = number(at + 30 + nameCount + 4 + 8, 8) }
      let start = at + 30 + nameCount + extraCount
      if let tensor = NumpyArchive.array(Array(bytes[start..<(start + byteCount)])) {
        arrays[String(name.dropLast(".npy".count))] = tensor
      }
      at = start + byteCount
    }
  }

  /// The arrays `in_0`, `in_1` and so on.
  var inputs: [Tensor] { numbered("in_") }

  /// The arrays `out_0`, `out_1` and so on.
  var outputs: [Tensor] { numbered("out_") }

  private func numbered(_ prefix: String) -> [Tensor] {
    var result: [Tensor] = []
    while let tensor = arrays["\(prefix)\(result.count)"] { result.append(tensor) }
    return result
  }

  private static func array(_ bytes: [UInt8]) -> Tensor? {
    let headerCount = Int(bytes[8]) | Int(bytes[9]) << 8
    let header = String(decoding: bytes[10..<(10 + headerCount)], as: UTF8.self)
    guard header.contains("'<f4'"), let open = header.firstIndex(of: "("),
      let close = header.firstIndex(of: ")")
    else { return nil }
    let shape = header[open..<close].dropFirst().split(separator: ",").compactMap {
      Int($0.filter { $0 != " " })
    }
    let floats = stride(from: 10 + headerCount, to: bytes.count, by: 4).map { k in
      Float(
        bitPattern: (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[k + $1]) << (8 * UInt32($1)) })
    }
    return Tensor(floats, shape: shape)
  }
}
