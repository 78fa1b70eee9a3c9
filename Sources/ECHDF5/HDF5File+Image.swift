import CHDF5
public import ECDiagnostics

extension HDF5File {
  /// Opens a file that lies in memory, such as an entry of a mapped archive; nothing is copied.
  /// - Parameters:
  ///   - image: all bytes of the file.
  ///   - owner: what keeps `image` alive; it's held as long as this file is open.
  ///   - place: what errors say of where the file is.
  public init(
    image: UnsafeRawBufferPointer, owner: any AnyObject & Sendable, at place: Place
  ) throws(HDF5Error) {
    guard HDF5File.hasSignature(image) else { throw HDF5Error(.notHDF5, at: place) }
    let id = try HDF5File.open(image, at: place)
    self.init(id: id, byteCount: UInt64(image.count), owner: owner, at: place)
  }

  /// Whether bytes start as HDF5 does, at offset 0 or at 512, 1024, 2048 and so on.
  private static func hasSignature(_ bytes: UnsafeRawBufferPointer) -> Bool {
    let signature: [UInt8] = [0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A]
    var offset = 0
    while offset + signature.count <= bytes.count {
      if bytes[offset..<(offset + signature.count)].elementsEqual(signature) { return true }
      offset = offset == 0 ? 512 : offset * 2
    }
    return false
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
      return try HDF5File.open(name, access.id, at: place)
    }
  }
}
