import ECDiagnostics
import ECHDF5
import Testing

@Suite struct HDF5DatasetTests {
  @Test(arguments: [
    ("plain", [2, 3, 4], 1), ("big_endian", [5], 1), ("half", [3, 3], 0.5),
    ("double", [3, 3], 0.25), ("bytes", [7], 1), ("chunked", [6, 4], 1), ("packed", [40, 20], 1),
    ("packed_big_endian", [40], 1), ("compact", [4], 1), ("shared", [2, 3, 4], 1),
  ])
  func `numbers of every storage become floats`(path: String, shape: [Int], scale: Float) throws {
    let file = try HDF5File(path: fixture("datasets"))
    #expect(try file.dataset(path).shape == shape)
    #expect(try file.readFloats(path) == ramp(shape.reduce(1, *), scale: scale))
    #expect(try file.readDoubles(path).map { Float($0) } == file.readFloats(path))
  }

  @Test func `scalars are read in their own precision`() throws {
    let file = try HDF5File(path: fixture("datasets"))
    #expect(try file.readFloats("scalar") == [1.5])
    #expect(try file.dataset("scalar").shape == [])
    #expect(try file.readIntegers("integer") == [1 << 40])
  }

  @Test func `descriptions tell the stored type`() throws {
    let file = try HDF5File(path: fixture("datasets"))
    #expect(try file.dataset("half").elementKind == .float16)
    #expect(try file.dataset("double").elementKind == .float64)
    #expect(try file.dataset("integer").elementKind == .int(bits: 64))
    #expect(try file.dataset("bytes").elementKind == .uint(bits: 8))
    #expect(try file.dataset("words").elementKind == .other("text"))
    #expect(try file.dataset("big_endian").byteOrder == .big)
    #expect(try file.dataset("plain").byteOrder == .little)
    #expect(try file.dataset("plain").byteCount == 96)
    #expect(try file.dataset("packed").filters == ["shuffle", "gzip", "fletcher32"])
  }

  @Test func `an offset is given only for plain floats, and points at them`() throws {
    for (name, path) in [("datasets", "plain"), ("user_block", "values")] {
      let file = try HDF5File(path: fixture(name))
      let description = try file.dataset(path)
      let offset = Int(try #require(description.contiguousOffset))
      let stored = bytes(of: fixture(name))[offset..<offset + description.byteCount]
      let floats = stored.withUnsafeBytes { raw in
        (0..<description.elementCount).map {
          raw.loadUnaligned(fromByteOffset: $0 * 4, as: Float.self)
        }
      }
      #expect(floats == ramp(description.elementCount))
    }
    let file = try HDF5File(path: fixture("datasets"))
    for path in ["big_endian", "half", "double", "chunked", "packed", "compact", "integer"] {
      #expect(try file.dataset(path).contiguousOffset == nil, "\(path)")
    }
  }

  @Test func `floats go into a buffer of the right size only`() throws {
    let file = try HDF5File(path: fixture("datasets"))
    var floats = [Float](repeating: -1, count: 24)
    try floats.withUnsafeMutableBufferPointer { try file.readFloats("plain", into: $0) }
    #expect(floats == ramp(24))
    let mismatch = floats.withUnsafeMutableBufferPointer { buffer in
      reason { () throws(HDF5Error) in
        try file.readFloats("plain", into: .init(rebasing: buffer[..<23]))
      }
    }
    #expect(mismatch == .elementCount(expected: 24, found: 23))
  }

  @Test func `a missing filter is named`() throws {
    let file = try HDF5File(path: fixture("datasets"))
    #expect(
      reason { () throws(HDF5Error) in _ = try file.readFloats("lzf") }
        == .missingFilter(number: 32000, name: "lzf"))
    #expect(try file.dataset("lzf").filters == ["lzf"])
  }

  @Test func `sizes that can't be true are refused`() throws {
    let file = try HDF5File(path: fixture("datasets"))
    for path in ["huge", "huge_chunked"] {
      #expect(
        reason { () throws(HDF5Error) in _ = try file.readFloats(path) }
          == .tooLarge(claimed: 1 << 40, fileByteCount: file.byteCount))
    }
    #expect(reason { () throws(HDF5Error) in _ = try file.readFloats("empty") } == .emptyDataset)
    #expect(
      reason { () throws(HDF5Error) in _ = try file.readFloats("words") }
        == .unsupportedElement("text"))
    #expect(
      reason { () throws(HDF5Error) in _ = try file.readFloats("odd_precision") }
        == .unsupportedElement("unusual number of 4 bytes"))
    #expect(
      reason { () throws(HDF5Error) in _ = try file.readFloats("nothing") } == .noSuchObject)
  }

  @Test func `a flipped byte in a checked chunk is an error, not numbers`() throws {
    let source = try HDF5File(path: fixture("datasets"))
    _ = try source.readFloats("packed")
    var changed = bytes(of: fixture("datasets"))
    // The deflate streams begin with 78 5E or similar; a byte well inside the first one is flipped.
    let start = try #require(
      (0..<changed.count - 1).first {
        changed[$0] == 0x78 && [0x5E, 0x9C].contains(changed[$0 + 1])
      })
    changed[start + 40] ^= 0x10
    try withTemporaryFile { path in
      write(changed, to: path)
      let file = try HDF5File(path: path)
      let failure = reason { () throws(HDF5Error) in _ = try file.readFloats("packed") }
      guard case .library(operation: "reading", let message) = failure else {
        Issue.record("\(String(describing: failure))")
        return
      }
      #expect(!message.isEmpty)
    }
  }

  @Test func `files are read from many tasks at once`() async throws {
    let total = try await withThrowingTaskGroup(of: Float.self) { group in
      for index in 0..<32 {
        group.addTask {
          let file = try HDF5File(path: fixture("datasets"))
          return try file.readFloats(index.isMultiple(of: 2) ? "packed" : "plain").reduce(0, +)
        }
      }
      return try await group.reduce(0, +)
    }
    #expect(total == 16 * (319_600 + 276))
  }
}

@Suite struct HDF5ErrorTests {
  @Test func `every sample has words and no full stop`() {
    for error in HDF5Error.samples {
      #expect(!error.what.isEmpty && !error.what.hasSuffix("."))
      #expect(error.place.trail.first == "model.h5")
    }
    #expect(Set(HDF5Error.samples.map(\.what)).count == HDF5Error.samples.count)
  }

  @Test func `an error names file, object and fact`() throws {
    let file = try HDF5File(path: fixture("datasets"))
    do throws(HDF5Error) {
      _ = try file.readFloats("lzf")
    } catch {
      #expect(
        Renderer(colour: false).render(error).hasPrefix(
          "error: datasets.h5 › dataset 'lzf': packed with the filter lzf (32000)"))
      #expect(error.category == .input)
    }
  }
}
