import CHDF5
import ECDiagnostics
import Glibc

/// An HDF5 file open for reading; closed when the value goes out of scope.
///
/// Paths inside the file are slash-separated from the root, without a leading slash; the root is
/// `""`. Soft links are followed; links and storage that lead into other files are refused.
public struct HDF5File: ~Copyable, Sendable {
  /// What a path leads to.
  public enum ObjectKind: String, Sendable {
    /// Holds other objects by name.
    case group
    /// Holds numbers.
    case dataset
    /// A named type, which models do not use.
    case other
  }

  /// The size of the file in bytes when it was opened.
  public let byteCount: UInt64
  let id: hid_t
  let place: Place
  /// What keeps the bytes of a file in memory alive.
  private let owner: (any AnyObject & Sendable)?

  /// Opens a file for reading; throws when it is missing, cut short or not HDF5.
  public init(path: String) throws(HDF5Error) {
    let place = Place.file(path)
    var status = stat()
    guard stat(path, &status) == 0 else { throw HDF5Error(.noSuchFile, at: place) }
    guard HDF5File.hasSignature(path: path) else { throw HDF5Error(.notHDF5, at: place) }
    let id = try Library.locked { () throws(HDF5Error) -> hid_t in
      let access = try Handle(H5Pcreate(ech5_p_file_access()), "opening", at: place)
      // A model being read needs no lock on disk, and some network file systems have none.
      _ = H5Pset_file_locking(access.id, false, true)
      return try HDF5File.open(path, access.id, at: place)
    }
    self.init(id: id, byteCount: UInt64(max(0, status.st_size)), owner: nil, at: place)
  }

  /// Opens a file for reading with what the caller set; the library's lock is held.
  static func open(_ name: String, _ access: hid_t, at place: Place) throws(HDF5Error) -> hid_t {
    _ = H5Pset_fclose_degree(access, H5F_CLOSE_STRONG)
    let id = H5Fopen(name, ech5_acc_rdonly(), access)
    if id < 0 {
      let message = Library.lastMessage()
      throw HDF5Error(
        message.contains("truncated")
          ? .truncated(message) : .library(operation: "opening", message: message), at: place)
    }
    return id
  }

  /// Takes over an open file.
  init(id: hid_t, byteCount: UInt64, owner: (any AnyObject & Sendable)?, at place: Place) {
    self.id = id
    self.byteCount = byteCount
    self.owner = owner
    self.place = place
  }

  deinit {
    try? Library.locked { () throws(HDF5Error) -> Void in _ = H5Fclose(id) }
  }

  /// Whether a file starts as HDF5 does, at offset 0 or at 512, 1024, 2048 and so on.
  public static func hasSignature(path: String) -> Bool {
    (try? Library.locked { () throws(HDF5Error) -> Bool in H5Fis_hdf5(path) > 0 }) ?? false
  }

  /// Whether a path leads to an object; false for a dangling soft link.
  public func exists(_ path: String) throws(HDF5Error) -> Bool {
    let path = try HDF5Path(path, in: place)
    return try Library.locked { () throws(HDF5Error) -> Bool in
      do throws(HDF5Error) {
        _ = try open(path)
        return true
      } catch {
        if error.reason == .noSuchObject { return false }
        throw error
      }
    }
  }

  /// What a path leads to.
  public func kind(of path: String) throws(HDF5Error) -> ObjectKind {
    let path = try HDF5Path(path, in: place)
    return try Library.locked { () throws(HDF5Error) -> ObjectKind in
      HDF5File.kind(of: try open(path))
    }
  }

  /// The names inside a group, in alphabetical order; they carry no meaning beyond the names.
  public func members(of path: String) throws(HDF5Error) -> [String] {
    let path = try HDF5Path(path, in: place)
    return try Library.locked { () throws(HDF5Error) -> [String] in
      let here = place(of: path, as: "group")
      let group = try open(path)
      let kind = HDF5File.kind(of: group)
      guard kind == .group else {
        throw HDF5Error(.wrongKind(expected: "group", found: kind.rawValue), at: here)
      }
      var names: [String] = []
      let status = withUnsafeMutablePointer(to: &names) { pointer in
        ech5_visit_links(
          group.id,
          { _, name, _, context in
            if let name, let context {
              context.assumingMemoryBound(to: [String].self).pointee.append(String(cString: name))
            }
            return 0
          }, pointer)
      }
      try Library.check(status, "listing", at: here)
      return names
    }
  }

  // MARK: Inside the lock

  /// Opens a group or dataset, looking at every link on the way; the lock is held by the caller.
  func open(_ path: HDF5Path) throws(HDF5Error) -> Handle {
    let here = place(of: path, as: "object")
    let access = try Handle(H5Pcreate(ech5_p_link_access()), "opening", at: here)
    // An external link may hide behind a soft link, so traversal itself refuses as well.
    _ = H5Pset_elink_cb(access.id, { _, _, _, _, _, _, _ in -1 }, nil)
    for prefix in path.prefixes {
      switch ech5_link_class(id, prefix, access.id) {
      case H5L_TYPE_HARD: break
      case H5L_TYPE_SOFT:
        if H5Oexists_by_name(id, prefix, access.id) <= 0 {
          throw HDF5Error(leadsOutside(prefix) ? .externalLink : .noSuchObject, at: here)
        }
      case H5L_TYPE_ERROR: throw HDF5Error(.noSuchObject, at: here)
      default: throw HDF5Error(.externalLink, at: here)
      }
    }
    return try Handle(H5Oopen(id, path.text, access.id), "opening", at: here)
  }

  /// Whether resolving a soft link meets an external link; nothing outside is opened.
  private func leadsOutside(_ link: String) -> Bool {
    var met = false
    return withUnsafeMutablePointer(to: &met) { pointer in
      let access = H5Pcreate(ech5_p_link_access())
      guard access >= 0 else { return false }
      defer { _ = H5Idec_ref(access) }
      _ = H5Pset_elink_cb(
        access,
        { _, _, _, _, _, _, context in
          context?.assumingMemoryBound(to: Bool.self).pointee = true
          return -1
        }, pointer)
      _ = H5Oexists_by_name(id, link, access)
      return pointer.pointee
    }
  }

  static func kind(of object: borrowing Handle) -> ObjectKind {
    switch H5Iget_type(object.id) {
    case H5I_GROUP: .group
    case H5I_DATASET: .dataset
    default: .other
    }
  }

  func place(of path: HDF5Path, as noun: String) -> Place {
    path.prefixes.isEmpty ? place : place.appending(Place(["\(noun) '\(path.text)'"]))
  }
}
