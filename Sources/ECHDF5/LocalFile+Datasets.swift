import CHDF5
import ECDiagnostics

extension LocalFile {
  func dataset(_ path: HDF5Path) throws(HDF5Error) -> DatasetDescription {
    let here = place(of: path, as: "dataset")
    return try describe(try openDataset(path, at: here), at: here)
  }

  /// Describes a dataset that is about to be read; throws for one that holds no numbers to read.
  func numbers(_ path: HDF5Path) throws(HDF5Error) -> DatasetDescription {
    let here = place(of: path, as: "dataset")
    return try describeForReading(try openDataset(path, at: here), at: here)
  }

  func fill(
    _ buffer: UnsafeMutableRawBufferPointer, from path: String, as numbers: NumberType
  ) throws(HDF5Error) {
    let path = try HDF5Path(path, in: place)
    try Library.locked { () throws(HDF5Error) -> Void in
      let here = place(of: path, as: "dataset")
      let dataset = try openDataset(path, at: here)
      let count = try describeForReading(dataset, at: here).elementCount
      guard count * numbers.byteCount == buffer.count else {
        throw HDF5Error(
          .elementCount(expected: count, found: buffer.count / numbers.byteCount), at: here)
      }
      let all = hid_t(H5S_ALL)
      try Library.check(
        H5Dread(
          dataset.id, numbers.memoryType, all, all, hid_t(H5P_DEFAULT), buffer.baseAddress),
        "reading", at: here)
    }
  }

  // MARK: Inside the lock

  private func openDataset(_ path: HDF5Path, at here: Place) throws(HDF5Error) -> Handle {
    let object = try open(path)
    let kind = LocalFile.kind(of: object)
    guard kind == .dataset else {
      throw HDF5Error(.wrongKind(expected: "dataset", found: kind.rawValue), at: here)
    }
    return object
  }

  /// Describes a dataset and refuses what has no numbers to read, or no filter to read them with.
  private func describeForReading(
    _ dataset: borrowing Handle, at here: Place
  ) throws(HDF5Error) -> DatasetDescription {
    let description = try describe(dataset, at: here)
    guard description.elementKind.isNumber else {
      throw HDF5Error(.unsupportedElement(description.elementKind.description), at: here)
    }
    guard description.elementCount > 0 else { throw HDF5Error(.emptyDataset, at: here) }
    let creation = try Handle(H5Dget_create_plist(dataset.id), "reading the layout", at: here)
    for filter in Filter.list(creation) where H5Zfilter_avail(H5Z_filter_t(filter.number)) <= 0 {
      throw HDF5Error(.missingFilter(number: filter.number, name: filter.name), at: here)
    }
    return description
  }

  private func describe(
    _ dataset: borrowing Handle, at here: Place
  ) throws(HDF5Error) -> DatasetDescription {
    // The layout comes first: asking a virtual dataset for its size may open other files.
    let creation = try Handle(H5Dget_create_plist(dataset.id), "reading the layout", at: here)
    let layout = H5Pget_layout(creation.id)
    guard layout != H5D_VIRTUAL else { throw HDF5Error(.virtualStorage, at: here) }
    let isExternal = layout == H5D_CONTIGUOUS && H5Pget_external_count(creation.id) > 0
    guard !isExternal else { throw HDF5Error(.externalStorage, at: here) }

    let type = try Handle(H5Dget_type(dataset.id), "reading the type", at: here)
    let shape = try shape(of: dataset, at: here)
    let bytes = try byteCount(of: shape ?? [0], width: H5Tget_size(type.id), at: here)
    try checkSize(bytes, layout: layout, creation, width: H5Tget_size(type.id), at: here)
    // libhdf5 1.10 reads past what a compact dataset holds, so its two sizes have to agree.
    let stored = UInt64(H5Dget_storage_size(dataset.id))
    guard layout != H5D_COMPACT || stored >= bytes else {
      throw HDF5Error(.tooLarge(claimed: bytes, fileByteCount: stored), at: here)
    }

    let filters = Filter.list(creation)
    var offset: UInt64?
    let address = H5Dget_offset(dataset.id)
    if layout == H5D_CONTIGUOUS, address != ech5_undefined_address() {
      let (end, overflow) = UInt64(address).addingReportingOverflow(bytes)
      guard !overflow, end <= byteCount else {
        throw HDF5Error(
          .tooLarge(claimed: overflow ? .max : end, fileByteCount: byteCount), at: here)
      }
      if filters.isEmpty, bytes > 0, H5Tequal(type.id, ech5_f32le()) > 0 {
        offset = UInt64(address)
      }
    }
    return DatasetDescription(
      shape: shape ?? [0],
      elementKind: ElementKind(type.id),
      byteOrder: H5Tget_order(type.id) == H5T_ORDER_BE ? .big : .little,
      elementCount: Int(bytes) / max(1, H5Tget_size(type.id)),
      byteCount: Int(bytes),
      contiguousOffset: offset,
      filters: filters.map(\.name))
  }

  /// The extents; nil for a null data space.
  private func shape(
    of dataset: borrowing Handle, at here: Place
  ) throws(HDF5Error) -> [Int]? {
    let space = try Handle(H5Dget_space(dataset.id), "reading the size", at: here)
    guard H5Sget_simple_extent_type(space.id) != H5S_NULL else { return nil }
    let rank = H5Sget_simple_extent_ndims(space.id)
    try Library.check(rank, "reading the size", at: here)
    var extents = [hsize_t](repeating: 0, count: Int(rank))
    try Library.check(
      H5Sget_simple_extent_dims(space.id, &extents, nil), "reading the size", at: here)
    var shape: [Int] = []
    for extent in extents {
      guard let extent = Int(exactly: extent) else {
        throw HDF5Error(.tooLarge(claimed: extent, fileByteCount: byteCount), at: here)
      }
      shape.append(extent)
    }
    return shape
  }

  private func byteCount(
    of shape: [Int], width: Int, at here: Place
  ) throws(HDF5Error) -> UInt64 {
    var total = UInt64(width)
    for extent in shape {
      let (product, overflow) = total.multipliedReportingOverflow(by: UInt64(extent))
      guard !overflow, product <= UInt64(Int.max) / 8 else {
        throw HDF5Error(.tooLarge(claimed: .max, fileByteCount: byteCount), at: here)
      }
      total = product
    }
    return total
  }

  /// Refuses a size that no file of this length can hold: unpacked for contiguous storage, and at
  /// deflate's best rate (about 1030 to 1) for chunks.
  private func checkSize(
    _ bytes: UInt64, layout: H5D_layout_t, _ creation: borrowing Handle, width: Int, at here: Place
  ) throws(HDF5Error) {
    guard layout == H5D_CHUNKED else {
      guard bytes <= byteCount else {
        throw HDF5Error(.tooLarge(claimed: bytes, fileByteCount: byteCount), at: here)
      }
      return
    }
    var extents = [hsize_t](repeating: 1, count: 32)
    let rank = H5Pget_chunk(creation.id, 32, &extents)
    try Library.check(rank, "reading the layout", at: here)
    let chunk = try byteCount(
      of: extents.prefix(Int(rank)).map { Int(clamping: $0) }, width: width, at: here)
    let limit = byteCount.multipliedReportingOverflow(by: 1100)
    guard max(bytes, chunk) <= (limit.overflow ? .max : limit.partialValue) else {
      throw HDF5Error(.tooLarge(claimed: max(bytes, chunk), fileByteCount: byteCount), at: here)
    }
  }
}

/// One step of packing that chunks went through.
private struct Filter {
  let number: Int
  let name: String

  /// The filters of a creation property list, in the order they were applied.
  static func list(_ creation: borrowing Handle) -> [Filter] {
    (0..<max(0, Int(H5Pget_nfilters(creation.id)))).map { index in
      var (flags, valueCount, configuration) = (UInt32(0), 0, UInt32(0))
      let number = Int(
        H5Pget_filter2(
          creation.id, UInt32(index), &flags, &valueCount, nil, 0, nil, &configuration))
      return Filter(number: number, name: names[number] ?? "number \(number)")
    }
  }

  private static let names = [
    1: "gzip", 2: "shuffle", 3: "fletcher32", 4: "szip", 5: "nbit", 6: "scaleoffset",
    307: "bzip2", 32000: "lzf", 32001: "blosc", 32004: "lz4", 32008: "bitshuffle", 32013: "zfp",
    32015: "zstd", 32026: "blosc2",
  ]
}

extension NumberType {
  fileprivate var memoryType: hid_t {
    switch self {
    case .float: ech5_native_float()
    case .double: ech5_native_double()
    case .int64: ech5_native_int64()
    }
  }
}
