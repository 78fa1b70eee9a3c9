import CHDF5
import ECDiagnostics

/// A new HDF5 file being written, in the oldest object formats, which every reader knows.
///
/// Paths are as in `HDF5File`. Equal calls give equal bytes: no times are stored. Finish with
/// `close()`, which reports what could not be written; a value that just goes away closes silently.
public struct HDF5Writer: ~Copyable, Sendable {
  var id: hid_t
  let place: Place

  /// Creates a file, replacing one that is there.
  public init(creating path: String) throws(HDF5Error) {
    let place = Place.file(path)
    self.id = try Library.locked { () throws(HDF5Error) -> hid_t in
      let id = H5Fcreate(path, ech5_acc_trunc(), hid_t(H5P_DEFAULT), hid_t(H5P_DEFAULT))
      if id < 0 { throw HDF5Error(.cannotCreate(Library.lastMessage()), at: place) }
      return id
    }
    self.place = place
  }

  deinit {
    let id = id
    if id >= 0 {
      try? Library.locked { () throws(HDF5Error) -> Void in _ = H5Fclose(id) }
    }
  }

  /// Writes out everything and closes the file; throws where the disk did not take it.
  public consuming func close() throws(HDF5Error) {
    let id = id
    self.id = -1
    let place = place
    try Library.locked { () throws(HDF5Error) -> Void in
      let flushed = H5Fflush(id, H5F_SCOPE_GLOBAL)
      let message = flushed < 0 ? Library.lastMessage() : ""
      let closed = H5Fclose(id)
      if flushed < 0 || closed < 0 {
        throw HDF5Error(
          .library(
            operation: "writing", message: message.isEmpty ? Library.lastMessage() : message),
          at: place)
      }
    }
  }

  /// Makes a group and the groups around it; a group that is there already stays as it is.
  public func group(_ path: String) throws(HDF5Error) {
    let path = try HDF5Path(path, in: place)
    try Library.locked { () throws(HDF5Error) -> Void in _ = try openGroup(path) }
  }

  // MARK: Inside the lock

  /// Opens a group, making it where it is missing.
  func openGroup(_ path: HDF5Path) throws(HDF5Error) -> Handle {
    let here = place(of: path, as: "group")
    let none = hid_t(H5P_DEFAULT)
    if try exists(path) { return try Handle(H5Oopen(id, path.text, none), "opening", at: here) }
    let links = try HDF5Writer.linkCreation(at: here)
    return try Handle(
      H5Gcreate2(id, path.text, links.id, none, none), "creating a group", at: here)
  }

  func exists(_ path: HDF5Path) throws(HDF5Error) -> Bool {
    for prefix in path.prefixes {
      let answer = H5Lexists(id, prefix, hid_t(H5P_DEFAULT))
      try Library.check(answer, "looking for a name", at: place(of: path, as: "object"))
      if answer == 0 { return false }
    }
    return true
  }

  /// Properties of new names: UTF-8, with the groups around them made as needed.
  static func linkCreation(at here: Place) throws(HDF5Error) -> Handle {
    let links = try Handle(H5Pcreate(ech5_p_link_create()), "creating", at: here)
    _ = H5Pset_create_intermediate_group(links.id, 1)
    _ = H5Pset_char_encoding(links.id, H5T_CSET_UTF8)
    return links
  }

  func place(of path: HDF5Path, as noun: String) -> Place {
    path.prefixes.isEmpty ? place : place.appending(Place(["\(noun) '\(path.text)'"]))
  }
}
