public import ECArchive
public import ECDiagnostics
public import ECGraph
public import ECHDF5

/// Why a Keras file can't be read, where, and what to do about it.
public struct KerasError: DiagnosticError, Equatable {
  /// The fact itself.
  public enum Reason: Sendable, Equatable {
    /// The file can't be read as HDF5.
    case hdf5(HDF5Error)
    /// The file can't be read as an archive.
    case archive(ArchiveError)
    /// A file or folder of another kind.
    case otherFile(SourceKind)
    /// Weights without the architecture: the number of groups that hold some, and the name of the
    /// architecture that their names betray.
    case weightsOnly(groupCount: Int, family: String?)
    /// An archive whose weights are spread over several files.
    case sharded
    /// A file with an architecture of its own, for which another one was given; that one's name.
    case hasArchitecture(given: String)
    /// Weights and an architecture from elsewhere that don't fit each other.
    case weightMismatch([WeightMismatch])
    /// HDF5, but nothing that Keras writes; the members of the root.
    case unknownContent(members: [String])
    /// The architecture isn't JSON: what was found, at which byte.
    case badJSON(String, offset: Int)
    /// The architecture says something that makes no sense.
    case badConfig(String)
    /// A class that has no layers in its configuration, where a model must be.
    case notModel(className: String)
    /// A layer refers to a tensor that doesn't exist.
    case noSuchTensor(layer: String, call: Int, result: Int)
    /// Layers that refer to each other in a circle.
    case cycle([String])
    /// A call of a nested model with more or fewer tensors than it has inputs.
    case inputCount(expected: Int, found: Int)
    /// Layers that no rule is known for.
    case unsupported([UnsupportedLayer])
    /// The group of a layer that has weights isn't there.
    case missingGroup
    /// A data set that the file lists isn't there.
    case missingDataset(String)
    /// Weights other than those that the layers own.
    case weightNames(expected: [String], found: [String])
    /// What a rule refuses in a layer.
    case layer(FormatError)
    /// Nodes that Keras has no layers for, each as its operator and its name.
    case notExpressible([String])
    /// The file can't be written.
    case unwritten(HDF5Error)
    /// The archive can't be written.
    case unwrittenArchive(ArchiveError)
    /// Layers that were changed and can't be said in Keras' words any more.
    case unwritable([UnwritableLayer])
    /// A model in the words of Keras 1, which today's loaders don't know.
    case oldDialect([String])
  }

  /// The fact.
  public let reason: Reason
  public let place: Place

  /// Makes an error.
  public init(_ reason: Reason, at place: Place = Place()) {
    self.reason = reason
    self.place = place
  }

  /// Wraps a fault of the file; its place already begins with the file.
  init(_ error: HDF5Error) {
    self.init(.hdf5(error), at: error.place)
  }

  /// Wraps a fault of the archive; its place already begins with the file.
  init(_ error: ArchiveError) {
    self.init(.archive(error), at: error.place)
  }

  /// Wraps a fault of a file being written; its place already begins with the file.
  init(writing error: HDF5Error) {
    self.init(.unwritten(error), at: error.place)
  }

  /// Wraps a fault of an archive being written; its place already begins with the file.
  init(writing error: ArchiveError) {
    self.init(.unwrittenArchive(error), at: error.place)
  }

  /// This error with the file in front of its place, unless it is there already.
  func inside(_ file: Place) -> KerasError {
    place.trail.first == file.trail.first ? self : KerasError(reason, at: file.appending(place))
  }
}

/// A layer that can't be written, and why.
public struct UnwritableLayer: Sendable, Equatable {
  /// The layer, with the names of the models around it.
  public let layer: String
  /// The class name as the file has it.
  public let className: String
  /// Why, as a clause.
  public let reason: String

  /// Describes a layer.
  public init(layer: String, className: String, reason: String) {
    self.layer = layer
    self.className = className
    self.reason = reason
  }
}

/// A weight that a file and an architecture don't agree on.
public enum WeightMismatch: Sendable, Equatable {
  /// A layer, or a weight of a layer, that the file has nothing for.
  case missing(String)
  /// A group or data set of the file that no layer takes.
  case extra(String)
  /// A weight of a layer with other extents in the file than the architecture says.
  case shape(String, found: [Int], expected: [Int])
}

/// Layers of one class that can't be read.
public struct UnsupportedLayer: Sendable, Equatable {
  /// Why layers of this class can't be read.
  public enum Kind: Sendable, Equatable {
    /// A class without a rule.
    case layer
    /// A class from outside Keras, registered under a package name.
    case custom
    /// Python code.
    case lambda
    /// An operation of TensorFlow or Keras without a rule.
    case operation
    /// Weights of few bits; the name of the policy.
    case quantized(String)
  }

  /// The class name as the file has it, or the operation's.
  public let className: String
  /// Why.
  public let kind: Kind
  /// The layers, with the names of the models around them.
  public let layers: [String]

  /// Describes layers.
  public init(className: String, kind: Kind, layers: [String]) {
    self.className = className
    self.kind = kind
    self.layers = layers
  }
}

/// Kinds of files and folders, by what they begin with.
public enum SourceKind: Sendable, Equatable {
  /// A `.keras` archive.
  case kerasArchive
  /// A TensorFlow SavedModel, as a folder or an archive.
  case savedModel
  /// A PyTorch archive.
  case torchArchive
  /// Any other zip archive.
  case zip
  /// A folder.
  case folder
  /// A TensorFlow Lite model.
  case tensorFlowLite
  /// What git stores in place of a large file.
  case gitPointer
  /// A web page.
  case webPage
  /// No bytes at all.
  case empty
  /// Anything else.
  case other
}
