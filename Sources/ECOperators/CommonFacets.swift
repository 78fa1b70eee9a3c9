public import ECGraph

/// An operator whose attributes count no channels: a cut leaves them as they are.
public protocol UncountedOperator: Operator {}

extension UncountedOperator {
  public func cut(_ cut: Cut) throws(GraphError) -> any Operator { self }
}

/// An operator that contracts nothing, and so has no multiply-accumulates.
public protocol UncontractedOperator: Operator {}

extension UncontractedOperator {
  public func macs(_ operands: Operands, results: [ValueType]) -> Int { 0 }
}

/// An operator that does the same to every element, whatever the layout.
public protocol LayoutFreeOperator: Operator {}

extension LayoutFreeOperator {
  public func relayout(_ operands: Operands, from: ImageLayout, to: ImageLayout) -> Relayout {
    .becomes(self)
  }
}

/// An operator along one axis, whose meaning doesn't depend on where that axis stands.
protocol AxisOperator: Operator {
  /// The axis, from the first.
  var axis: Int { get set }
}

extension AxisOperator {
  /// The same along the axis that it has in another layout of images.
  func moved(from: ImageLayout, to: ImageLayout) -> Self {
    var other = self
    other.axis = from.axis(axis, in: to, rank: 4)
    return other
  }

  public func relayout(_ operands: Operands, from: ImageLayout, to: ImageLayout) -> Relayout {
    guard operands.types[0]?.rank == 4 else { return .becomes(self) }
    return .becomes(moved(from: from, to: to))
  }

  /// The type of the first operand, which has the axis.
  func typeWithAxis(_ operands: Operands) throws(GraphError) -> ValueType {
    let type = try operands.type(0)
    guard axis >= 0, axis < type.rank else {
      throw GraphError(.refused("axis \(axis) is outside the operand's \(type.rank) axes"))
    }
    return type
  }
}

/// An operator on images that knows their layout.
protocol ImageOperator: Operator {
  /// Where the channels of its images stand.
  var layout: ImageLayout { get set }
  /// The number of picture axes.
  var spatialRank: Int { get }
}

extension ImageOperator {
  /// Only images with two picture axes change their layout.
  public func relayout(_ operands: Operands, from: ImageLayout, to: ImageLayout) -> Relayout {
    guard spatialRank == 2, layout == from else { return .keeps }
    var other = self
    other.layout = to
    return .becomes(other)
  }
}
