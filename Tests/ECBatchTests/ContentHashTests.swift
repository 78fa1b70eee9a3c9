import ECHash
import ECTestSupport
import Testing

@Suite struct ContentHashTests {
  // The digests are those of `xxhsum -H2`.
  @Test(arguments: [
    ("", "99aa06d3014798d86001c324468d497f"), ("ecconvert\n", "c52a4f072b9939213b46a6548439cd03"),
  ])
  func `texts and files have the digests of xxhsum`(text: String, digest: String) throws {
    let folder = Fixture.temporaryFolder()
    defer { Fixture.removeFolder(folder) }
    Fixture.write([UInt8](text.utf8), to: folder + "/file")
    #expect("\(ContentHash(of: text))" == "xxh3-128:" + digest)
    #expect(ContentHash(contentsOf: folder + "/file") == ContentHash(of: text))
  }

  @Test func `a file that isn't there has no digest`() {
    #expect(ContentHash(contentsOf: "/nowhere") == nil)
  }
}
