import ECHDF5
import Testing

@Suite struct HDF5FileTests {
  @Test func `the signature tells HDF5 files from others`() {
    #expect(HDF5File.hasSignature(path: fixture("datasets")))
    #expect(HDF5File.hasSignature(path: fixture("user_block")))
    #expect(HDF5File.hasSignature(path: fixture("latest")))
    #expect(!HDF5File.hasSignature(path: fixture("not_hdf5")))
    #expect(!HDF5File.hasSignature(path: fixture("no_such_file")))
  }

  @Test func `missing, foreign and cut files are told apart`() {
    #expect(reason { () throws(HDF5Error) in _ = try HDF5File(path: "/nowhere.h5") } == .noSuchFile)
    #expect(
      reason { () throws(HDF5Error) in _ = try HDF5File(path: fixture("not_hdf5")) } == .notHDF5)
    let cut = reason { () throws(HDF5Error) in _ = try HDF5File(path: fixture("truncated")) }
    guard case .truncated(let text) = cut else {
      Issue.record("\(String(describing: cut))")
      return
    }
    #expect(text.contains("eof = 3000"))
  }

  @Test func `members, kinds and existence follow paths`() throws {
    let file = try HDF5File(path: fixture("datasets"))
    #expect(try file.members(of: "expanded/depthwise") == ["BatchNorm", "kernel:0"])
    #expect(try file.members(of: "").contains("packed"))
    #expect(try file.kind(of: "expanded/depthwise") == .group)
    #expect(try file.kind(of: "expanded/depthwise/BatchNorm/gamma:0") == .dataset)
    #expect(try file.exists("expanded/depthwise/kernel:0"))
    #expect(try !file.exists("expanded/nothing/kernel:0"))
    #expect(try !file.exists("plain/inside"))
    #expect(
      reason { () throws(HDF5Error) in _ = try file.members(of: "plain") }
        == .wrongKind(expected: "group", found: "dataset"))
    #expect(
      reason { () throws(HDF5Error) in _ = try file.readFloats("expanded") }
        == .wrongKind(expected: "dataset", found: "group"))
  }

  @Test(arguments: ["/plain", "../plain", "expanded/../plain", "./plain", "expanded/.", "a\0b"])
  func `hostile paths are refused`(path: String) throws {
    let file = try HDF5File(path: fixture("datasets"))
    #expect(reason { () throws(HDF5Error) in _ = try file.readFloats(path) } == .refusedName)
  }

  @Test func `soft links are followed and links into other files refused`() throws {
    let file = try HDF5File(path: fixture("links"))
    #expect(try file.readFloats("soft") == ramp(3))
    #expect(try file.readFloats("soft_group/values") == ramp(3))
    #expect(try !file.exists("dangling"))
    #expect(try !file.exists("loop"))
    for path in ["outside", "outside_group/depthwise/kernel:0", "soft_to_outside"] {
      #expect(reason { () throws(HDF5Error) in _ = try file.readFloats(path) } == .externalLink)
    }
    #expect(
      reason { () throws(HDF5Error) in _ = try file.dataset("stored_outside") } == .externalStorage)
    #expect(reason { () throws(HDF5Error) in _ = try file.dataset("assembled") } == .virtualStorage)
    #expect(try file.members(of: "").count == 10)
  }

  @Test func `files of the newest format are read`() throws {
    let file = try HDF5File(path: fixture("latest"))
    #expect(try file.stringListAttribute("", "layer_names") == ["conv"])
    #expect(try file.readFloats("model/conv/kernel") == ramp(9))
    #expect(try file.readFloats("model/conv/growing") == ramp(12))
  }
}

@Suite struct HDF5AttributeTests {
  @Test(arguments: [
    ("variable_utf8", "größe"), ("variable_ascii", "plain"), ("fixed_nullpad", "fixed"),
    ("fixed_padded", "padded"), ("fixed_space", "spaced"), ("fixed_nullterm", "ended"),
    ("fixed_utf8", "größe"), ("one_element", "alone"), ("null", ""),
  ])
  func `texts of every storage are read`(name: String, text: String) throws {
    let file = try HDF5File(path: fixture("attributes"))
    #expect(try file.stringAttribute("", name) == text)
  }

  @Test func `long, absent and unsuitable texts`() throws {
    let file = try HDF5File(path: fixture("attributes"))
    #expect(try file.stringAttribute("", "long_variable")?.utf8.count == 20_000)
    #expect(try file.stringAttribute("", "absent") == nil)
    #expect(try file.attributeExists("", "null"))
    #expect(try !file.attributeExists("", "absent"))
    #expect(
      reason { () throws(HDF5Error) in _ = try file.stringAttribute("", "number") }
        == .attributeType(found: "int64"))
    #expect(
      reason { () throws(HDF5Error) in _ = try file.stringAttribute("", "list_fixed") }
        == .attributeCount(3))
    #expect(
      reason { () throws(HDF5Error) in _ = try file.stringListAttribute("", "list_numbers") }
        == .attributeType(found: "int64"))
  }

  @Test(arguments: [
    ("list_fixed", ["a", "conv/kernel:0", "bc"]), ("list_variable", ["a", "größe", "bc"]),
    ("list_empty", []), ("chunked", ["one", "two", "three", "four"]), ("null", []),
    ("variable_ascii", ["plain"]),
  ])
  func `lists of every storage are read`(name: String, texts: [String]) throws {
    let file = try HDF5File(path: fixture("attributes"))
    #expect(try file.stringListAttribute("", name) == texts)
  }

  @Test func `an absent list is nil`() throws {
    let file = try HDF5File(path: fixture("attributes"))
    #expect(try file.stringListAttribute("", "absent") == nil)
  }
}
