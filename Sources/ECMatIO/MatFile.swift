import CMatIO
import ECDiagnostics
import Glibc

/// A MATLAB file of version 4 or 5, open for reading.
public struct MatFile: ~Copyable {
  private let handle: OpaquePointer
  private let place: Place

  /// Opens a file.
  /// - Throws: `MatFileError` if it isn't there or no such file.
  public init(path: String) throws(MatFileError) {
    place = .file(path)
    guard access(path, R_OK) == 0 else { throw MatFileError(.missing, at: place) }
    guard let handle = Mat_Open(path, Int32(MAT_ACC_RDONLY.rawValue)) else {
      throw MatFileError(.notReadable, at: place)
    }
    guard Mat_GetVersion(handle) != MAT_FT_MAT73 else {
      Mat_Close(handle)
      throw MatFileError(.newerVersion, at: place)
    }
    self.handle = handle
  }

  deinit { Mat_Close(handle) }

  /// The elements of a numeric variable, in the order of the file (columns first).
  /// - Throws: `MatFileError` if it isn't there, or isn't an array of real numbers.
  public func numbers(_ name: String) throws(MatFileError) -> [Double] {
    guard let variable = Mat_VarRead(handle, name) else {
      throw MatFileError(.noVariable(name), at: place)
    }
    defer { Mat_VarFree(variable) }
    let array = variable.pointee
    // The bytes that were read count; the extents must say the same.
    let count = array.data_size > 0 ? array.nbytes / Int(array.data_size) : 0
    guard array.isComplex == 0, let data = array.data, count * Int(array.data_size) == array.nbytes,
      MatFile.product(array.dims, Int(array.rank)) == count
    else { throw MatFileError(.notNumbers(name), at: place) }
    func read<N: Sendable>(
      _ type: N.Type, _ convert: (N) -> Double
    ) throws(MatFileError) -> [Double] {
      guard MemoryLayout<N>.size == array.data_size else {
        throw MatFileError(.notNumbers(name), at: place)
      }
      let elements = data.assumingMemoryBound(to: type)
      return (0..<count).map { convert(elements[$0]) }
    }
    switch array.data_type {
    case MAT_T_DOUBLE: return try read(Double.self) { $0 }
    case MAT_T_SINGLE: return try read(Float.self) { Double($0) }
    case MAT_T_INT8: return try read(Int8.self) { Double($0) }
    case MAT_T_UINT8: return try read(UInt8.self) { Double($0) }
    case MAT_T_INT16: return try read(Int16.self) { Double($0) }
    case MAT_T_UINT16: return try read(UInt16.self) { Double($0) }
    case MAT_T_INT32: return try read(Int32.self) { Double($0) }
    case MAT_T_UINT32: return try read(UInt32.self) { Double($0) }
    case MAT_T_INT64: return try read(Int64.self) { Double($0) }
    case MAT_T_UINT64: return try read(UInt64.self) { Double($0) }
    default: throw MatFileError(.notNumbers(name), at: place)
    }
  }

  /// The product of extents; `nil` where there are none, or where it is too large for a number.
  private static func product(_ extents: UnsafePointer<Int>?, _ rank: Int) -> Int? {
    guard let extents else { return nil }
    return (0..<rank).reduce(1) { product, k in
      product.flatMap {
        let (next, overflow) = $0.multipliedReportingOverflow(by: extents[k])
        return overflow ? nil : next
      }
    }
  }
}
