import CHDF5

/// The type of one element as the file stores it.
public enum ElementKind: Sendable, Hashable, CustomStringConvertible {
  /// IEEE half precision.
  case float16
  /// The upper half of a float32.
  case bfloat16
  /// IEEE single precision.
  case float32
  /// IEEE double precision.
  case float64
  /// A signed integer of 8, 16, 32 or 64 bits.
  case int(bits: Int)
  /// An unsigned integer of 8, 16, 32 or 64 bits.
  case uint(bits: Int)
  /// Something that is not a plain number, by libhdf5's word for it.
  case other(String)

  /// Whether libhdf5 can turn it into floats.
  public var isNumber: Bool {
    if case .other = self { false } else { true }
  }

  /// The bytes of one element; nil for `other`.
  public var byteCount: Int? {
    switch self {
    case .float16, .bfloat16: 2
    case .float32: 4
    case .float64: 8
    case .int(let bits), .uint(let bits): bits / 8
    case .other: nil
    }
  }

  public var description: String {
    switch self {
    case .float16: "float16"
    case .bfloat16: "bfloat16"
    case .float32: "float32"
    case .float64: "float64"
    case .int(let bits): "int\(bits)"
    case .uint(let bits): "uint\(bits)"
    case .other(let word): word
    }
  }

  /// Reads the kind of an open type; the lock is held by the caller.
  ///
  /// Only the standard layouts in either byte order count as numbers: libhdf5 1.10 overruns its
  /// buffers when it converts some made-up ones (a precision beyond the size, for example).
  init(_ type: hid_t) {
    let size = H5Tget_size(type)
    let candidates: [ElementKind] =
      switch H5Tget_class(type) {
      case H5T_INTEGER where size <= 8: [.int(bits: size * 8), .uint(bits: size * 8)]
      case H5T_FLOAT: [.float16, .bfloat16, .float32, .float64]
      default: []
      }
    self =
      candidates.first { $0.isStored(as: type) }
      ?? .other(ElementKind.word(for: H5Tget_class(type), size: size))
  }

  private func isStored(as type: hid_t) -> Bool {
    guard let standard = makeFileType() else { return false }
    defer { _ = H5Idec_ref(standard) }
    if H5Tequal(type, standard) > 0 { return true }
    _ = H5Tset_order(standard, H5T_ORDER_BE)
    return H5Tequal(type, standard) > 0
  }

  private static func word(for typeClass: H5T_class_t, size: Int) -> String {
    switch typeClass {
    case H5T_INTEGER, H5T_FLOAT: "unusual number of \(size) bytes"
    case H5T_STRING: "text"
    case H5T_OPAQUE: "opaque"
    case H5T_COMPOUND: "compound"
    case H5T_ENUM: "enumeration"
    case H5T_REFERENCE: "reference"
    case H5T_ARRAY: "array"
    case H5T_VLEN: "variable-length list"
    default: "unknown"
    }
  }

  /// A new little-endian file type for writing; nil for kinds that are not written.
  func makeFileType() -> hid_t? {
    switch self {
    case .float32: H5Tcopy(ech5_f32le())
    case .float64: H5Tcopy(ech5_f64le())
    case .float16: ElementKind.makeHalf(exponentWidth: 5, mantissaWidth: 10, bias: 15)
    case .bfloat16: ElementKind.makeHalf(exponentWidth: 8, mantissaWidth: 7, bias: 127)
    case .int(8): H5Tcopy(ech5_i8le())
    case .int(16): H5Tcopy(ech5_i16le())
    case .int(32): H5Tcopy(ech5_i32le())
    case .int(64): H5Tcopy(ech5_i64le())
    case .uint(8): H5Tcopy(ech5_u8le())
    case .uint(16): H5Tcopy(ech5_u16le())
    case .uint(32): H5Tcopy(ech5_u32le())
    case .uint(64): H5Tcopy(ech5_u64le())
    default: nil
    }
  }

  private static func makeHalf(exponentWidth: Int, mantissaWidth: Int, bias: Int) -> hid_t {
    let type = H5Tcopy(ech5_f32le())
    // The fields have to fit the size at every step, so they shrink first.
    _ = H5Tset_fields(type, 15, mantissaWidth, exponentWidth, 0, mantissaWidth)
    _ = H5Tset_size(type, 2)
    _ = H5Tset_ebias(type, bias)
    return type
  }
}
