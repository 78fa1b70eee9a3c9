import CHDF5
import ECDiagnostics

extension HDF5File {
  /// Whether a group or dataset has an attribute of exactly this name.
  public func attributeExists(_ path: String, _ name: String) throws(HDF5Error) -> Bool {
    let path = try HDF5Path(path, in: place)
    return try Library.locked { () throws(HDF5Error) -> Bool in
      let object = try open(path)
      return try hasAttribute(object, name, at: place(of: path, as: "object"))
    }
  }

  /// A text attribute of one value, decoded as UTF-8; nil where there is none, `""` for a null one.
  public func stringAttribute(_ path: String, _ name: String) throws(HDF5Error) -> String? {
    let path = try HDF5Path(path, in: place)
    return try Library.locked { () throws(HDF5Error) -> String? in
      let object = try open(path)
      let here = place(of: path, as: "object")
      guard try hasAttribute(object, name, at: here) else { return nil }
      let values = try strings(object, name, at: here)
      guard values.count <= 1 else {
        throw HDF5Error(.attributeCount(values.count), at: here.appending(.attribute(name)))
      }
      return values.first ?? ""
    }
  }

  /// A list of texts, also one that Keras split into `name0`, `name1` and so on.
  ///
  /// Nil where there is none. An attribute without elements is an empty list, whatever its type:
  /// Keras writes `float64 (0,)`.
  public func stringListAttribute(
    _ path: String, _ name: String
  ) throws(HDF5Error) -> [String]? {
    let path = try HDF5Path(path, in: place)
    return try Library.locked { () throws(HDF5Error) -> [String]? in
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
  }

  // MARK: Inside the lock

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
    let list = pointers.map { pointer -> String in
      guard let pointer else { return "" }
      return String(cString: pointer)
    }
    _ = H5Dvlen_reclaim(type.id, space.id, hid_t(H5P_DEFAULT), &pointers)
    return list
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
