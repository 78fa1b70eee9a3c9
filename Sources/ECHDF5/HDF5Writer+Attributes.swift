import CHDF5
import ECDiagnostics

extension HDF5Writer {
  /// The most bytes of names that Keras puts in one attribute (count times the longest name).
  static let attributeByteLimit = 64_512

  /// Writes a text as a scalar variable-length UTF-8 attribute; a missing group is made.
  public func attribute(
    _ path: String, _ name: String, _ text: String
  ) throws(HDF5Error) {
    let path = try HDF5Path(path, in: place)
    let here = place(of: path, as: "group").appending(.attribute(name))
    let bytes = text.utf8CString
    guard !text.utf8.contains(0) else {
      throw HDF5Error(.unwritableText(byteCount: bytes.count - 1), at: here)
    }
    try Library.locked { () throws(HDF5Error) -> Void in
      let object = try openGroup(path)
      let type = try HDF5Writer.textType(ech5_variable_length(), isASCII: false, at: here)
      let space = try Handle(H5Screate(H5S_SCALAR), "creating", at: here)
      let attribute = try HDF5Writer.create(name, type, space, on: object, at: here)
      let status = bytes.withUnsafeBufferPointer { buffer in
        var pointer = buffer.baseAddress
        return H5Awrite(attribute.id, type.id, &pointer)
      }
      try Library.check(status, "writing", at: here)
    }
  }

  /// Writes a list of texts as Keras does, fixed-length and NUL-padded; a missing group is made.
  ///
  /// A list beyond 64,512 bytes (count times the longest) is split into `name0`, `name1` and so on,
  /// in parts that differ by at most one text. An empty list is `float64 (0,)`.
  public func attribute(
    _ path: String, _ name: String, _ texts: [String]
  ) throws(HDF5Error) {
    let path = try HDF5Path(path, in: place)
    let here = place(of: path, as: "group").appending(.attribute(name))
    let width = max(1, texts.map(\.utf8.count).max() ?? 1)
    guard width <= HDF5Writer.attributeByteLimit, !texts.contains(where: { $0.utf8.contains(0) })
    else { throw HDF5Error(.unwritableText(byteCount: width), at: here) }
    let parts = HDF5Writer.split(texts, width: width)
    try Library.locked { () throws(HDF5Error) -> Void in
      let object = try openGroup(path)
      if texts.isEmpty {
        try HDF5Writer.writeEmpty(name, on: object, at: here)
      }
      for (index, part) in parts.enumerated() {
        try HDF5Writer.write(
          part, width: width, as: parts.count == 1 ? name : "\(name)\(index)", on: object, at: here)
      }
    }
  }

  /// Cuts a list into the fewest near-equal parts that each fit an attribute; none for no texts.
  static func split(_ texts: [String], width: Int) -> [ArraySlice<String>] {
    guard !texts.isEmpty else { return [] }
    var count = 1
    while (texts.count + count - 1) / count * width > attributeByteLimit { count += 1 }
    let (size, larger) = texts.count.quotientAndRemainder(dividingBy: count)
    var start = 0
    return (0..<count).map { index in
      let end = start + size + (index < larger ? 1 : 0)
      defer { start = end }
      return texts[start..<end]
    }
  }

  // MARK: Inside the lock

  private static func write(
    _ texts: ArraySlice<String>, width: Int, as name: String, on object: borrowing Handle,
    at here: Place
  ) throws(HDF5Error) {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(texts.count * width)
    for text in texts {
      bytes.append(contentsOf: text.utf8)
      bytes.append(contentsOf: repeatElement(0, count: width - text.utf8.count))
    }
    let isASCII = bytes.allSatisfy { $0 < 0x80 }
    let type = try textType(width, isASCII: isASCII, at: here)
    let space = try listSpace(texts.count, at: here)
    let attribute = try create(name, type, space, on: object, at: here)
    try Library.check(H5Awrite(attribute.id, type.id, bytes), "writing", at: here)
  }

  private static func writeEmpty(
    _ name: String, on object: borrowing Handle, at here: Place
  ) throws(HDF5Error) {
    let type = try Handle(H5Tcopy(ech5_f64le()), "creating", at: here)
    _ = try create(name, type, try listSpace(0, at: here), on: object, at: here)
  }

  private static func create(
    _ name: String, _ type: borrowing Handle, _ space: borrowing Handle,
    on object: borrowing Handle, at here: Place
  ) throws(HDF5Error) -> Handle {
    let none = hid_t(H5P_DEFAULT)
    return try Handle(
      H5Acreate2(object.id, name, type.id, space.id, none, none), "creating", at: here)
  }

  private static func textType(
    _ width: Int, isASCII: Bool, at here: Place
  ) throws(HDF5Error) -> Handle {
    let type = try Handle(H5Tcopy(ech5_c_string()), "creating", at: here)
    try Library.check(H5Tset_size(type.id, width), "creating", at: here)
    _ = H5Tset_cset(type.id, isASCII ? H5T_CSET_ASCII : H5T_CSET_UTF8)
    if width != ech5_variable_length() { _ = H5Tset_strpad(type.id, H5T_STR_NULLPAD) }
    return type
  }

  private static func listSpace(_ count: Int, at here: Place) throws(HDF5Error) -> Handle {
    var extent = hsize_t(count)
    return try Handle(H5Screate_simple(1, &extent, nil), "creating", at: here)
  }
}
