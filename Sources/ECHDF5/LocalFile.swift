import CHDF5
import ECDiagnostics
import Synchronization

/// An HDF5 file that libhdf5 reads in this process, from bytes in memory.
final class LocalFile: HDF5Reading {
  let id: hid_t
  let place: Place
  let byteCount: UInt64
  /// The bytes, alive as long as the file is open.
  private let image: FileImage
  /// How many more groups may be listed.
  private let listings: Mutex<Int>

  /// Opens what lies in an image; throws when it is cut short or not HDF5.
  init(_ image: FileImage, at place: Place) throws(HDF5Error) {
    id = try LocalFile.open(image.bytes, at: place)
    byteCount = UInt64(image.bytes.count)
    // Each group is listed a few times, and takes a hundred bytes and more in the file.
    listings = Mutex(min(1000 + image.bytes.count / 64, 50_000))
    self.image = image
    self.place = place
  }

  deinit {
    try? Library.locked { () throws(HDF5Error) -> Void in _ = H5Fclose(id) }
  }

  private static func open(_ image: UnsafeRawBufferPointer, at place: Place) throws(HDF5Error)
    -> hid_t
  {
    // libhdf5 asks for memory to copy the image to, and is given the image itself: the file is
    // opened for reading, so nothing ever writes there.
    let memory = UnsafeMutableRawPointer(mutating: image.baseAddress)
    // libhdf5 takes files in memory of one name for one file.
    let name = "image \(UInt(bitPattern: memory))"
    return try Library.locked { () throws(HDF5Error) -> hid_t in
      let access = try Handle(H5Pcreate(ech5_p_file_access()), "opening", at: place)
      var callbacks = H5FD_file_image_callbacks_t(
        image_malloc: { _, _, memory in memory },
        image_memcpy: { target, _, _, _, _ in target },
        image_realloc: { _, _, _, _ in nil },
        image_free: { _, _, _ in 0 },
        udata_copy: { $0 }, udata_free: { _ in 0 }, udata: memory)
      try Library.check(H5Pset_fapl_core(access.id, 1 << 16, false), "opening", at: place)
      try Library.check(
        H5Pset_file_image_callbacks(access.id, &callbacks), "opening", at: place)
      try Library.check(
        H5Pset_file_image(access.id, memory, image.count), "opening", at: place)
      _ = H5Pset_fclose_degree(access.id, H5F_CLOSE_STRONG)
      let id = H5Fopen(name, ech5_acc_rdonly(), access.id)
      if id < 0 {
        let message = Library.lastMessage()
        throw HDF5Error(
          message.contains("truncated")
            ? .truncated(message) : .library(operation: "opening", message: message), at: place)
      }
      return id
    }
  }

  func answer(_ request: HDF5Request) throws(HDF5Error) -> HDF5Reply {
    let path = try HDF5Path(request.path, in: place)
    return try Library.locked { () throws(HDF5Error) -> HDF5Reply in
      switch request.question {
      case .exists: .flag(try exists(path))
      case .kind: .kind(LocalFile.kind(of: try open(path)))
      case .members: .texts(try members(of: path))
      case .attributeExists: .flag(try attributeExists(path, request.attribute))
      case .text: .text(try text(path, request.attribute))
      case .texts: .texts(try texts(path, request.attribute))
      case .dataset: .dataset(try dataset(path))
      case .numbers: .dataset(try numbers(path))
      }
    }
  }

  // MARK: Inside the lock

  /// Whether a path leads to an object; false for a dangling soft link.
  private func exists(_ path: HDF5Path) throws(HDF5Error) -> Bool {
    do throws(HDF5Error) {
      _ = try open(path)
      return true
    } catch {
      if error.reason == .noSuchObject { return false }
      throw error
    }
  }

  /// The deepest that groups lie in each other; models in models take three levels each.
  private static let deepest = 60

  private func members(of path: HDF5Path) throws(HDF5Error) -> [String] {
    let here = place(of: path, as: "group")
    // Hard links may make a group a member of itself, or lead to the same groups by countless ways.
    let remaining = listings.withLock { listings in
      listings -= 1
      return listings
    }
    guard remaining >= 0, path.prefixes.count <= LocalFile.deepest else {
      throw HDF5Error(.tangledGroups, at: here)
    }
    let group = try open(path)
    let kind = LocalFile.kind(of: group)
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

  /// Opens a group or dataset, looking at every link on the way; its lock is held.
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

  static func kind(of object: borrowing Handle) -> HDF5File.ObjectKind {
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
