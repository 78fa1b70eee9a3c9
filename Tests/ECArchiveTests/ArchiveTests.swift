import ECArchive
import ECTestSupport
import Testing

@Suite struct ArchiveTests {
  private static let ramp = (0..<16).flatMap { _ in (0...255).map { UInt8($0) } }

  @Test func `a stored entry is found in the file where its range says`() throws {
    let path = Fixture.path("archive/stored.zip")
    let archive = try Archive(path: path)
    #expect(archive.entries.map(\.name) == ["config.json", "assets/", "model.weights.h5"])
    let weights = try archive.requiredEntry("model.weights.h5")
    #expect(weights.isStored)
    let range = try #require(try archive.storedRange(of: weights))
    let file = try #require(Fixture.bytes(path))
    #expect(Array(file[range]) == ArchiveTests.ramp)
    #expect(try archive.bytes(of: archive.requiredEntry("config.json"), limit: 2) == [0x7B, 0x7D])
    #expect(try archive.storedRange(of: archive.requiredEntry("assets/")) == nil)
  }

  @Test func `a deflated entry is unpacked`() throws {
    let archive = try Archive(path: Fixture.path("archive/deflated.zip"))
    let weights = try archive.requiredEntry("model.weights.h5")
    #expect(try archive.storedRange(of: weights) == nil)
    #expect(try archive.bytes(of: weights, limit: 1 << 20) == ArchiveTests.ramp)
  }

  @Test(arguments: [
    ("parent", ArchiveError.Reason.refusedName("../outside")),
    ("absolute", .refusedName("/outside")), ("duplicate", .duplicateName("config.json")),
    ("truncated", .damaged("Not a zip archive")),
  ])
  func `hostile and broken archives are refused as a whole`(
    name: String, expected: ArchiveError.Reason
  ) {
    #expect(
      reason { () throws(ArchiveError) in
        _ = try Archive(path: Fixture.path("archive/\(name).zip"))
      } == expected)
  }

  @Test(arguments: ["bomb", "beyond", "method", "encrypted", "checksum"])
  func `an entry that can't be true is refused before memory is taken`(name: String) throws {
    let archive = try Archive(path: Fixture.path("archive/\(name).zip"))
    let entry = try #require(archive.entries.last)
    let found = reason { () throws(ArchiveError) in
      _ = try archive.bytes(of: entry, limit: Int.max)
    }
    switch (name, found) {
    case ("bomb", .tooLarge(claimed: 3_000_000_000, _)), ("beyond", .tooLarge(1 << 20, _)),
      ("method", .unsupportedCompression(14)), ("encrypted", .encrypted),
      ("checksum", .damaged("CRC error")):
      break
    default: Issue.record("\(name): \(String(describing: found))")
    }
  }

  @Test func `an entry beyond the limit, and a missing one, are named`() throws {
    let archive = try Archive(path: Fixture.path("archive/stored.zip"))
    let weights = try archive.requiredEntry("model.weights.h5")
    #expect(
      reason { () throws(ArchiveError) in _ = try archive.bytes(of: weights, limit: 100) }
        == .tooLarge(claimed: 4096, limit: 100))
    #expect(
      reason { () throws(ArchiveError) in _ = try archive.requiredEntry("model.h5") }
        == .noSuchEntry("model.h5", found: ["config.json", "assets/", "model.weights.h5"]))
    #expect(
      reason { () throws(ArchiveError) in _ = try Archive(path: "/nowhere.keras") } == .noSuchFile)
    #expect(try Archive(path: Fixture.path("archive/empty.zip")).entries.isEmpty)
  }

  @Test func `what is written is read back, aligned, and the same bytes each time`() throws {
    let folder = Fixture.temporaryFolder()
    defer { Fixture.removeFolder(folder) }
    Fixture.write(ArchiveTests.ramp, to: "\(folder)/weights")
    for name in ["a", "b"] {
      var writer = try ArchiveWriter(creating: "\(folder)/\(name).zip")
      try writer.add("config.json", bytes: Array("{\"ä\": 1}".utf8))
      try writer.add("model.weights.h5", contentsOf: "\(folder)/weights")
      try writer.add("größe", bytes: [])
      try writer.finish()
    }
    let file = try #require(Fixture.bytes("\(folder)/a.zip"))
    #expect(file == Fixture.bytes("\(folder)/b.zip"))
    let archive = try Archive(path: "\(folder)/a.zip")
    #expect(archive.entries.map(\.name) == ["config.json", "model.weights.h5", "größe"])
    for entry in archive.entries.dropLast() {
      let range = try #require(try archive.storedRange(of: entry))
      #expect(range.lowerBound % 64 == 0)
      #expect(try archive.bytes(of: entry, limit: 1 << 20) == Array(file[range]))
    }
  }

  @Test func `an archive that isn't finished leaves no file`() throws {
    let folder = Fixture.temporaryFolder()
    defer { Fixture.removeFolder(folder) }
    do {
      var writer = try ArchiveWriter(creating: "\(folder)/a.zip")
      try writer.add("x", bytes: [1])
    }
    #expect(Fixture.bytes("\(folder)/a.zip") == nil)
    #expect(
      reason { () throws(ArchiveError) in
        var writer = try ArchiveWriter(creating: "\(folder)/no/such/folder.zip")
        try writer.add("x", bytes: [1])
        try writer.finish()
      } != nil)
  }

  @Test func `every reason has words`() {
    for sample in ArchiveError.samples {
      #expect(!sample.what.isEmpty && !sample.what.hasSuffix("."))
    }
  }

  private func reason(_ body: () throws(ArchiveError) -> Void) -> ArchiveError.Reason? {
    do throws(ArchiveError) {
      try body()
      return nil
    } catch { return error.reason }
  }
}
