import ECBatch
import ECConvert
import ECDiagnostics
import ECFineTune
import ECGraph
import ECImage
import ECPruning
import Glibc

/// What is fed with broken bytes.
enum Reader: String, CaseIterable {
  /// Keras files in HDF5.
  case hdf5
  /// Keras archives, and architectures in JSON beside whole weights.
  case keras
  /// ONNX files.
  case onnx
  /// JPEG and PNG pictures.
  case image
  /// Tables of images, MATLAB files, and arrays of numpy.
  case data
  /// Plans of pruning, and files of jobs.
  case plan

  /// Errors are what is wanted of broken bytes.
  func read(_ bytes: UnsafeRawBufferPointer) throws {
    switch self {
    case .hdf5, .onnx: _ = try Inspection(path: Scratch.file("model", bytes))
    case .keras:
      guard bytes.first == UInt8(ascii: "{") else {
        _ = try Inspection(path: Scratch.file("model", bytes))
        return
      }
      _ = try Inspection(
        path: Scratch.fixtures + "/cli/cnn.weights.h5",
        architecture: Scratch.file("architecture.json", bytes))
    case .image:
      for channels in [1, 3] { _ = try Picture(decoding: Array(bytes), channels: channels) }
    case .data: try readData(bytes)
    case .plan: try readPlan(bytes)
    }
  }

  private func readData(_ bytes: UnsafeRawBufferPointer) throws {
    if bytes.starts(with: [0x93]) {
      _ = try NumpyFile.read(Scratch.file("x.npy", bytes))
    } else if bytes.starts(with: [0x50, 0x4B]) {
      let path = Scratch.file("x.npz", bytes)
      _ = try? NumpyFile.read(path)
      _ = try DataSet.read(path)
    } else if bytes.prefix(128).contains(0) {
      // The same file stands for both tables of Oxford Flowers.
      _ = Scratch.file("jpg", UnsafeRawBufferPointer(start: nil, count: 0))
      _ = Scratch.file("setid.mat", bytes)
      _ = Scratch.file("imagelabels.mat", bytes)
      _ = try DataSet.read(Scratch.folder)
    } else {
      _ = try DataSet.read(Scratch.file("table.csv", bytes))
    }
  }

  private func readPlan(_ bytes: UnsafeRawBufferPointer) throws {
    if bytes.first == UInt8(ascii: "{") {
      let plan = try PruningPlan(json: bytes)
      _ = try plan.keeps(in: Scratch.channels)
    } else {
      _ = try FormatValue(yaml: Array(bytes))
    }
  }
}
