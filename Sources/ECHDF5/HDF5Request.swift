/// Something that reads one HDF5 file: libhdf5 in this process, or another process with it.
package protocol HDF5Reading: AnyObject, Sendable {
  /// The size of the file in bytes.
  var byteCount: UInt64 { get }
  /// Answers what doesn't depend on the numbers in datasets.
  func answer(_ request: HDF5Request) throws(HDF5Error) -> HDF5Reply
  /// Fills a buffer of exactly the dataset's size with its numbers, in row-major order.
  func fill(
    _ buffer: UnsafeMutableRawBufferPointer, from path: String, as numbers: NumberType
  ) throws(HDF5Error)
}

/// The types that numbers are converted to while they are read.
package enum NumberType: UInt8, Sendable {
  case float, double, int64

  /// The bytes of one number.
  package var byteCount: Int { self == .float ? 4 : 8 }
}

/// A question about an object in a file.
package struct HDF5Request: Sendable {
  /// What is asked.
  package enum Question: UInt8, Sendable {
    case exists, kind, members, attributeExists, text, texts, dataset
    /// A dataset that is about to be read.
    case numbers
  }

  package var question: Question
  package var path: String
  package var attribute = ""
}

/// What is answered.
package enum HDF5Reply: Sendable, Equatable {
  case flag(Bool)
  case kind(HDF5File.ObjectKind)
  case text(String?)
  case texts([String]?)
  case dataset(DatasetDescription)
}
