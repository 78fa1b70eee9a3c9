/// Where in the user's material something was found, from the file inwards.
///
/// Printed as a trail: `resnet50.h5 › layer 'conv1' › weight 'kernel'`.
public struct Place: Sendable, Equatable, CustomStringConvertible {
  /// The steps of the trail, outermost first, each already worded (`layer 'conv1'`).
  public private(set) var trail: [String]

  /// Makes a place from worded steps, outermost first.
  public init(_ trail: [String] = []) {
    self.trail = trail
  }

  /// The place of a whole file; only its last path component is shown.
  public static func file(_ path: String) -> Place {
    Place([path.split(separator: "/").last.map(String.init) ?? path])
  }

  /// A Keras layer.
  public static func layer(_ name: String) -> Place { Place(["layer '\(name)'"]) }

  /// An ONNX node or a node of the graph.
  public static func node(_ name: String) -> Place { Place(["node '\(name)'"]) }

  /// A weight or an initializer.
  public static func weight(_ name: String) -> Place { Place(["weight '\(name)'"]) }

  /// A configuration key or an attribute.
  public static func attribute(_ name: String) -> Place { Place(["attribute '\(name)'"]) }

  /// A command-line option.
  public static func option(_ name: String) -> Place { Place([name]) }

  /// This place with another inside it.
  public func appending(_ inner: Place) -> Place { Place(trail + inner.trail) }

  public var description: String { trail.joined(separator: " › ") }
}
