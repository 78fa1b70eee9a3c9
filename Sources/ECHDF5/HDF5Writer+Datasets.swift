import CHDF5
import ECDiagnostics

extension HDF5Writer {
  /// Writes a contiguous float32 dataset from row-major numbers, making the groups around it.
  public func dataset(
    _ path: String, shape: [Int], _ numbers: UnsafeBufferPointer<Float>
  ) throws(HDF5Error) {
    try dataset(path, shape: shape, kind: .float32, UnsafeRawBufferPointer(numbers))
  }

  /// Writes a contiguous float32 dataset from row-major numbers, making the groups around it.
  public func dataset(_ path: String, shape: [Int], _ numbers: [Float]) throws(HDF5Error) {
    let failure = numbers.withUnsafeBytes { bytes -> HDF5Error? in
      do throws(HDF5Error) {
        try dataset(path, shape: shape, kind: .float32, bytes)
        return nil
      } catch { return error }
    }
    if let failure { throw failure }
  }

  /// Writes one 64-bit integer as a scalar dataset.
  public func dataset(_ path: String, scalar value: Int64) throws(HDF5Error) {
    var value = value.littleEndian
    let failure = withUnsafeBytes(of: &value) { bytes -> HDF5Error? in
      do throws(HDF5Error) {
        try dataset(path, shape: [], kind: .int(bits: 64), bytes)
        return nil
      } catch { return error }
    }
    if let failure { throw failure }
  }

  /// Writes a contiguous dataset of any number type from row-major little-endian bytes.
  public func dataset(
    _ path: String, shape: [Int], kind: ElementKind, _ bytes: UnsafeRawBufferPointer
  ) throws(HDF5Error) {
    var stream = try stream(path, shape: shape, kind: kind)
    try stream.append(bytes)
    try stream.finish()
  }

  /// Begins a contiguous dataset whose numbers come in pieces, so that they need not be in memory
  /// at once.
  ///
  /// Other files may be read while the stream is open; finish it before the writer closes.
  public func stream(
    _ path: String, shape: [Int], kind: ElementKind = .float32
  ) throws(HDF5Error) -> HDF5DatasetStream {
    let path = try HDF5Path(path, in: place)
    let here = place(of: path, as: "dataset")
    guard let width = kind.byteCount else {
      throw HDF5Error(.unsupportedElement(kind.description), at: here)
    }
    guard shape.allSatisfy({ $0 > 0 }) else { throw HDF5Error(.emptyDataset, at: here) }
    let ids = try Library.locked { () throws(HDF5Error) -> (dataset: hid_t, type: hid_t) in
      let type = try Handle(kind.makeFileType() ?? -1, "creating", at: here)
      let extents = shape.map { hsize_t($0) }
      let space = try Handle(
        shape.isEmpty ? H5Screate(H5S_SCALAR) : H5Screate_simple(Int32(shape.count), extents, nil),
        "creating", at: here)
      let creation = try Handle(H5Pcreate(ech5_p_dataset_create()), "creating", at: here)
      _ = H5Pset_obj_track_times(creation.id, false)
      _ = H5Pset_fill_time(creation.id, H5D_FILL_TIME_NEVER)
      let links = try HDF5Writer.linkCreation(at: here)
      let dataset = H5Dcreate2(
        id, path.text, type.id, space.id, links.id, creation.id, hid_t(H5P_DEFAULT))
      try Library.check(dataset, "creating", at: here)
      _ = H5Iinc_ref(type.id)
      return (dataset, type.id)
    }
    return HDF5DatasetStream(
      dataset: ids.dataset, type: ids.type, shape: shape, width: width, place: here)
  }
}
