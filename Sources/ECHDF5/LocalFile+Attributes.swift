import CHDF5
import ECDiagnostics
import Glibc

extension LocalFile {
  func attributeExists(_ path: HDF5Path, _ name: String) throws(HDF5Error) -> Bool {
    try hasAttribute(try open(path), name, at: place(of: path, as: "object"))
  }

  /// A text attribute of one value; nil where there is none, `""` for a null one.
  func text(_ path: HDF5Path, _ name: String) throws(HDF5Error) -> String? {
    let object = try open(path)
    let here = place(of: path, as: "object")
    guard try hasAttribute(object, name, at: here) else { return nil }
    let values = try strings(object, name, at: here)
    guard values.count <= 1 else {
      throw HDF5Error(.attributeCount(values.count), at: here.appending(.attribute(name)))
    }
    return values.first ?? ""
  }

  /// A list of texts, also one in the parts `name0`, `name1` and so on; nil where there is none.
  func texts(_ path: HDF5Path, _ name: String) throws(HDF5Error) -> [String]? {
    let object = try open(path)
    let here = place(of: path, as: "object")
    if try hasAttribute(object, name, at: here) { return try strings(object, name, at: here) }
    var list: [String]?
    var part = 0
    while try hasAttribute(object, "\(name)\(part)", at: here) {
      list = (list ?? []) + (try strings(object, "\(name)\(part)", at: here))
      part += 1
    }
    return list
  }

  private func hasAttribute(
    _ object: borrowing Handle, _ name: String, at here: Place
  ) throws(HDF5Error) -> Bool {
    let answer = H5Aexists(object.id, name)
    try Library.check(answer, "looking for an attribute", at: here.appending(.attribute(name)))
    return answer > 0
  }

  private func strings(
    _ object: borrowing Handle, _ name: String, at place: Place
  ) throws(HDF5Error) -> [String] {
    let here = place.appending(.attribute(name))
    let attribute = try Handle(
      H5Aopen(object.id, name, hid_t(H5P_DEFAULT)), "opening", at: here)
    let space = try Handle(H5Aget_space(attribute.id), "reading the size", at: here)
    let points = H5Sget_simple_extent_npoints(space.id)
    try Library.check(points, "reading the size", at: here)
    guard points > 0, H5Sget_simple_extent_type(space.id) != H5S_NULL else { return [] }

    let type = try Handle(H5Aget_type(attribute.id), "reading the type", at: here)
    guard H5Tget_class(type.id) == H5T_STRING else {
      throw HDF5Error(.attributeType(found: ElementKind(type.id).description), at: here)
    }
    // Variable-length values take 16 bytes each in the file besides their text.
    let isVariable = H5Tis_variable_str(type.id) > 0
    let width = isVariable ? MemoryLayout<UnsafeMutablePointer<CChar>?>.size : H5Tget_size(type.id)
    let (total, overflow) = UInt64(points).multipliedReportingOverflow(by: UInt64(width))
    guard !overflow, total <= byteCount else {
      throw HDF5Error(
        .tooLarge(claimed: overflow ? .max : total, fileByteCount: byteCount), at: here)
    }
    return isVariable
      ? try variableStrings(attribute, type, space, count: Int(points), at: here)
      : try fixedStrings(attribute, type, count: Int(points), width: width, at: here)
  }

  private func variableStrings(
    _ attribute: borrowing Handle, _ type: borrowing Handle, _ space: borrowing Handle,
    count: Int, at here: Place
  ) throws(HDF5Error) -> [String] {
    var pointers = [UnsafeMutablePointer<CChar>?](repeating: nil, count: count)
    try Library.check(H5Aread(attribute.id, type.id, &pointers), "reading", at: here)
    defer { _ = H5Dvlen_reclaim(type.id, space.id, hid_t(H5P_DEFAULT), &pointers) }
    // Many values may claim one and the same text of the file.
    let total = pointers.reduce(UInt64(0)) { $0 + ($1.map { UInt64(strlen($0)) } ?? 0) }
    guard total <= byteCount else {
      throw HDF5Error(.tooLarge(claimed: total, fileByteCount: byteCount), at: here)
    }
    return pointers.map { pointer in pointer.map { String(cString: $0) } ?? "" }
  }

  private func fixedStrings(
    _ attribute: borrowing Handle, _ type: borrowing Handle, count: Int, width: Int, at here: Place
  ) throws(HDF5Error) -> [String] {
    var bytes = [UInt8](repeating: 0, count: count * width)
    try Library.check(H5Aread(attribute.id, type.id, &bytes), "reading", at: here)
    let padding = H5Tget_strpad(type.id)
    return (0..<count).map { index in
      var text = bytes[index * width..<(index + 1) * width]
      if padding == H5T_STR_NULLTERM, let end = text.firstIndex(of: 0) { text = text[..<end] }
      while let last = text.last, last == 0 || (padding == H5T_STR_SPACEPAD && last == 0x20) {
        text.removeLast()
      }
      return String(decoding: text, as: UTF8.self)
    }
  }
}
