import Glibc

/// Files and folders that people take for models that are read.
public enum ForeignFormat: Sendable, Equatable {
  /// A folder that TensorFlow's `SavedModel` format made.
  case savedModel
  /// Any other folder.
  case folder
  /// TensorFlow Lite's FlatBuffers.
  case tensorFlowLite
  /// Tensors by name, without an architecture.
  case safetensors
  /// Python objects, as `torch.save` wrote them before PyTorch 1.6; reading one runs code.
  case pickle

  /// What a folder is; `nil` where the path names none.
  init?(folder path: String) {
    var status = stat()
    guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else { return nil }
    self = access("\(path)/saved_model.pb", F_OK) == 0 ? .savedModel : .folder
  }

  /// What a file is by its first bytes; `nil` where they say nothing.
  init?(bytes: UnsafeRawBufferPointer) {
    if bytes.count >= 8, bytes[4..<8].elementsEqual("TFL3".utf8) {
      self = .tensorFlowLite
    } else if bytes.count >= 9, bytes[8] == UInt8(ascii: "{"), bytes[4..<8].allSatisfy({ $0 == 0 })
    {
      // The length of a JSON header in eight bytes, then the header.
      self = .safetensors
    } else if bytes.count >= 2, bytes[0] == 0x80, (2...5).contains(bytes[1]) {
      self = .pickle
    } else {
      return nil
    }
  }
}
