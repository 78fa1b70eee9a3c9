import ECDiagnostics
import ECTensor

/// The kinds of model files, told by content first.
public enum ModelFormat: String, Sendable {
  case kerasHDF5 = "keras-hdf5"
  case kerasZip = "keras-zip"
  case onnx

  /// Tells the format of a file by its first bytes.
  /// - Throws: `ConversionFault` if the file can't be read or is no model.
  package static func detect(_ path: String) throws(ConversionFault) -> ModelFormat {
    let place = Place.file(path)
    if let foreign = ForeignFormat(folder: path) {
      throw ConversionFault(.foreignFormat(foreign), at: place)
    }
    let file = try MappedFile.opened(path)
    let format = file.withBytes { bytes -> ModelFormat? in
      let signature: [UInt8] = [0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A]
      // A user block may stand before the signature: it is looked for at 0, 512, 1024, …
      var offset = 0
      while offset + 8 <= bytes.count && offset <= 1 << 20 {
        if bytes[offset..<(offset + 8)].elementsEqual(signature) { return .kerasHDF5 }
        offset = offset == 0 ? 512 : offset * 2
      }
      if bytes.starts(with: [0x50, 0x4B, 0x03, 0x04]) { return .kerasZip }
      return looksLikeONNX(bytes) ? .onnx : nil
    }
    if let format { return format }
    if let foreign = file.withBytes({ ForeignFormat(bytes: $0) }) {
      throw ConversionFault(.foreignFormat(foreign), at: place)
    }
    let found =
      file.byteCount == 0
      ? "the file is empty"
      : "neither HDF5, nor a .keras archive, nor an ONNX protobuf"
    throw ConversionFault(.unknownFormat(found: found), at: place)
  }

  /// A ModelProto starts with one of its fields, nearly always `ir_version` (field 1, varint).
  private static func looksLikeONNX(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard bytes.count > 8 else { return false }
    if bytes[0] == 0x08 && bytes[1] > 0 && bytes[1] < 64 { return true }
    // producer_name, producer_version, domain, doc_string, graph, opset_import, metadata first
    return [0x12, 0x1A, 0x22, 0x32, 0x3A, 0x42, 0x72].contains(bytes[0])
      && Int(bytes[1] & 0x7F) < bytes.count && bytes[2] < 0x80 && bytes.contains(0x0A)
      && !bytes.prefix(512).allSatisfy { $0 >= 0x20 && $0 < 0x7F || $0 == 0x0A }
  }

  /// The format that an output's extension asks for.
  package static func output(_ path: String) throws(ConversionFault) -> ModelFormat {
    if path == "-" { return .onnx }
    let name = path.split(separator: "/").last ?? ""
    let parts = name.split(separator: ".")
    let ext = parts.count > 1 ? String(parts[parts.count - 1]).lowercased() : ""
    switch ext {
    case "onnx": return .onnx
    case "h5", "hdf5": return .kerasHDF5
    case "keras": return .kerasZip
    default: throw ConversionFault(.unknownOutput(extension: ext))
    }
  }

  /// Whether Keras reads it.
  package var isKeras: Bool { self != .onnx }
}
