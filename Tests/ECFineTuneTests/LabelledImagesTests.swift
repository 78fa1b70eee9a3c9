import ECTestSupport
import Testing

import ECFineTune

@Suite struct LabelledImagesTests {
  private func reason(_ body: () throws -> LabelledImages) -> FineTuneError.Reason? {
    do {
      _ = try body()
      return nil
    } catch {
      return (error as? FineTuneError)?.reason
    }
  }

  @Test func `class folders are classes in the order of their names`() throws {
    let data = try LabelledImages(folder: Fixture.path("finetune/shapes"))
    #expect(data.classes == ["circle", "cross", "square"])
    #expect(data.counts == [10, 10, 10])
    #expect(data.validation.isEmpty && data.test.isEmpty)
  }

  @Test func `train, val and test above the classes are honoured`() throws {
    let data = try LabelledImages(folder: Fixture.path("finetune/split"))
    #expect(data.counts == [6, 6, 6])
    #expect(data.validation.count == 6 && data.test.count == 6)
  }

  @Test func `a split is seeded, and has its share of every class`() throws {
    let whole = try LabelledImages(folder: Fixture.path("finetune/shapes"))
    func split(_ seed: UInt64) -> LabelledImages {
      var data = whole
      data.splitValidation(share: 0.2, seed: seed)
      return data
    }
    #expect(split(1).counts == [8, 8, 8])
    #expect(split(1).validation == split(1).validation)
    #expect(split(1).validation != split(2).validation)
    let all = split(1).items.map(\.source)
    #expect(Set(all.map { "\($0)" }).count == 30)
  }

  @Test func `an empty class, one class and no class are errors of their own`() throws {
    let images = Fixture.path("finetune/shapes/circle")
    #expect(reason { try LabelledImages(folder: images) } == .noClasses)
    #expect(
      reason {
        try LabelledImages(folder: Fixture.path("finetune/shapes")).filtered(
          (0..<30).map { $0 >= 10 })
      } == .emptyClasses(["circle"]))
    var one = try LabelledImages(folder: Fixture.path("finetune/shapes"))
    one.classes = ["circle"]
    #expect(reason { try one.filtered([Bool](repeating: true, count: 30)) } == .oneClass("circle"))
  }
}

@Suite struct OtherLayoutTests {
  private let classes = ["circle", "cross", "square"]

  @Test func `Flowers-102's tables give classes and splits`() throws {
    let data = try LabelledImages(folder: Fixture.path("finetune/flowers"))
    #expect(data.classes == ["1", "2", "3"])
    #expect(data.counts == [6, 6, 6])
    #expect(data.test.map(\.label) == [0, 0, 1, 1, 2, 2])
    #expect(
      data.train.first?.source == .file(Fixture.path("finetune/flowers/jpg/image_00001.jpg")))
  }

  private func table(_ text: String, _ name: String = "table.csv") throws -> LabelledImages {
    try LabelledImages(table: Fixture.path("finetune/\(name)"), text: text)
  }

  @Test func `a table says path, label and split, with headings or without`() throws {
    for name in ["table.csv", "table.tsv"] {
      let bytes = try #require(Fixture.bytes(Fixture.path("finetune/\(name)")))
      let data = try table(String(decoding: bytes, as: UTF8.self), name)
      #expect(data.classes == classes)
      #expect(data.items.count == 30)
      #expect(data.test.count == (name == "table.csv" ? 6 : 0))
    }
    let numbers = try table("shapes/circle/0.png,10\nshapes/circle/1.png,9\r\n")
    #expect(numbers.classes == ["9", "10"])
  }

  @Test func `lines that aren't understood and files that aren't there are told`() {
    func reason(_ text: String) -> FineTuneError.Reason? {
      do throws(FineTuneError) {
        _ = try LabelledImages(table: Fixture.path("finetune/table.csv"), text: text)
        return nil
      } catch {
        return error.reason
      }
    }
    #expect(
      reason("a.png") == .badRow(line: 1, "1 fields, expected path, label and perhaps split"))
    #expect(
      reason("path,label\n\nx.png,a,dev") == .badRow(line: 3, "there is no split 'dev'"))
    #expect(reason("x.png,a\ny.png,b") == .missingFiles(count: 2, first: "x.png"))
  }
}
