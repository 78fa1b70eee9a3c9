public import ECGraph
public import ECTensor

extension RemoveChannels {
  /// A mask for one activation where a mixing operator reads it.
  public struct Mask: Sendable {
    /// The node that reads.
    public let node: NodeID
    /// The position of the activation among the node's operands.
    public let operand: Int
    /// 1 for what stays and 0 for what leaves, broadcastable to the activation.
    public let mask: Tensor
  }

  /// The masks that make the original graph compute what the slim one does.
  ///
  /// The graph without the channels must equal the original with these masks multiplied into what
  /// the mixing operators read. Only activations that lose something have one.
  public func masks(on graph: Graph) -> [Mask] {
    channels.readingSites(of: graph).compactMap { site in
      guard let labels = channels.labels[site.value] else { return nil }
      let flags = labels.ids.map { stays(channels.unitOfID[Int($0)]) ? Float(1) : 0 }
      guard flags.contains(0) else { return nil }
      return Mask(
        node: site.node, operand: site.operand, mask: Tensor(flags, shape: labels.shape))
    }
  }
}
