public import ECDiagnostics

extension HDF5Error {
  public var what: String {
    switch reason {
    case .noSuchFile: "no such file"
    case .notHDF5: "not an HDF5 file"
    case .truncated(let text): "the file is cut short (\(text))"
    case .cannotCreate(let text): "can't be created (\(text))"
    case .noSuchObject: "not in the file"
    case .wrongKind(let expected, let found): "is a \(found), expected a \(expected)"
    case .refusedName: "refused as a path inside a file"
    case .tangledGroups: "lies in groups that are linked in circles"
    case .externalLink: "leads into another file through an external link"
    case .externalStorage: "keeps its numbers in other files"
    case .virtualStorage: "is a virtual dataset put together from others"
    case .missingFilter(let number, let name):
      "packed with the filter \(name) (\(number)), which this libhdf5 lacks"
    case .attributeType(let found): "holds \(found), expected text"
    case .attributeCount(let count): "has \(count) values, expected 1"
    case .unsupportedElement(let found): "has elements of type \(found), expected numbers"
    case .tooLarge(let claimed, let fileByteCount):
      "claims \(claimed) bytes, but the file has \(fileByteCount)"
    case .emptyDataset: "has no elements"
    case .elementCount(let expected, let found):
      "has \(found) elements, expected \(expected)"
    case .unwritableText(let byteCount):
      "a text of \(byteCount) bytes does not fit an HDF5 attribute"
    case .library(let operation, let message): "\(operation) failed (\(message))"
    case .crashed(let how): "is so damaged that libhdf5 broke down over it (\(how))"
    case .tooSlow(let seconds):
      "takes libhdf5 more than \(seconds) s of processor time beside its numbers to read"
    case .noReader(let message): "the process that reads HDF5 can't be started (\(message))"
    }
  }

  public var remedy: String? {
    switch reason {
    case .tooSlow: "get the file again, or save the model again; whole models take a tenth of that"
    case .truncated, .crashed: "get the file again; this copy is incomplete"
    case .externalLink, .externalStorage, .virtualStorage:
      "copy the model into one file, for example with h5repack"
    case .missingFilter: "unpack the file with 'h5repack -f NONE IN OUT' where the filter exists"
    case .noReader: "set ECCONVERT_READER=in-process for files that you trust"
    default: nil
    }
  }

  public var category: FaultCategory {
    switch reason {
    case .noSuchFile: .missingInput
    case .cannotCreate: .output
    case .elementCount, .unwritableText, .noReader: .internal
    default: .input
    }
  }

  /// One error of each reason, for tests of the words.
  public static let samples: [HDF5Error] = {
    let file = Place.file("model.h5")
    let dataset = file.appending(Place(["dataset 'conv1/kernel:0'"]))
    let attribute = file.appending(.attribute("layer_names"))
    return [
      HDF5Error(.noSuchFile, at: file), HDF5Error(.notHDF5, at: file),
      HDF5Error(.truncated("eof = 4096, stored_eof = 8192"), at: file),
      HDF5Error(.cannotCreate("No space left on device"), at: file),
      HDF5Error(.noSuchObject, at: dataset),
      HDF5Error(.wrongKind(expected: "dataset", found: "group"), at: dataset),
      HDF5Error(.refusedName, at: file.appending(Place(["path '../x'"]))),
      HDF5Error(.tangledGroups, at: file.appending(Place(["group 'layers/a/a/a'"]))),
      HDF5Error(.externalLink, at: dataset), HDF5Error(.externalStorage, at: dataset),
      HDF5Error(.virtualStorage, at: dataset),
      HDF5Error(.missingFilter(number: 32000, name: "lzf"), at: dataset),
      HDF5Error(.attributeType(found: "int64"), at: attribute),
      HDF5Error(.attributeCount(3), at: attribute),
      HDF5Error(.unsupportedElement("opaque"), at: dataset),
      HDF5Error(.tooLarge(claimed: 1 << 40, fileByteCount: 4096), at: dataset),
      HDF5Error(.emptyDataset, at: dataset),
      HDF5Error(.elementCount(expected: 12, found: 10), at: dataset),
      HDF5Error(.unwritableText(byteCount: 70000), at: attribute),
      HDF5Error(.library(operation: "reading", message: "bad checksum"), at: dataset),
      HDF5Error(.crashed("signal 11"), at: file),
      HDF5Error(.tooSlow(seconds: 4), at: file),
      HDF5Error(.noReader("resource temporarily unavailable"), at: file),
    ]
  }()
}
