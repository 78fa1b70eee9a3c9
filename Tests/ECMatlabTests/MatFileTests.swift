import ECMatlab
import ECTestSupport
import Testing

@Suite struct MatFileTests {
  @Test func `numbers of any width are read by name`() throws {
    let labels = try MatFile(path: Fixture.path("finetune/flowers/imagelabels.mat"))
    #expect(try labels.numbers("labels").count == 30)
    #expect(try labels.numbers("labels").prefix(11).last == 2)
    let sets = try MatFile(path: Fixture.path("finetune/flowers/setid.mat"))
    #expect(try sets.numbers("tstid") == [9, 10, 19, 20, 29, 30])
  }

  @Test func `a file that isn't there, that is none, and a variable that isn't there are told`() {
    func reason(_ path: String, _ name: String) -> MatFileError.Reason? {
      do throws(MatFileError) {
        _ = try MatFile(path: path).numbers(name)
        return nil
      } catch {
        return error.reason
      }
    }
    #expect(reason("/nowhere.mat", "labels") == .missing)
    #expect(reason(Fixture.path("images/colour.png"), "labels") == .notReadable)
    #expect(
      reason(Fixture.path("finetune/flowers/setid.mat"), "labels") == .noVariable("labels"))
  }

  @Test(arguments: ["plain", "packed", "version4"])
  func `every version of the format says the same`(name: String) throws {
    let file = try MatFile(path: Fixture.path("fuzz/seeds/\(name).mat"))
    #expect(try file.numbers("labels") == [1, 2, 1])
    #expect(try file.numbers("trnid") == [1, 2])
    #expect(try file.numbers("tstid") == [1])
  }

  @Test(arguments: ["plain", "packed", "version4"])
  func `a file that is cut anywhere, or has any byte changed, is read or refused`(
    name: String
  ) throws {
    let whole = try #require(Fixture.bytes(Fixture.path("fuzz/seeds/\(name).mat")))
    let folder = Fixture.temporaryFolder()
    defer { Fixture.removeFolder(folder) }
    let path = folder + "/x.mat"
    func read(_ bytes: [UInt8]) -> Bool {
      Fixture.write(bytes, to: path)
      let file = try? MatFile(path: path)
      return (try? file?.numbers("tstid")) != nil
    }
    #expect(read(whole))
    for count in whole.indices { _ = read(Array(whole[..<count])) }
    for k in whole.indices {
      for byte in [0x00, 0x7F, 0xFF] as [UInt8] {
        var bytes = whole
        bytes[k] = byte
        _ = read(bytes)
      }
    }
  }
}
