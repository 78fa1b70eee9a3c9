import ECMatIO
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
}
