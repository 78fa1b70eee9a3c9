/// The weights that a layer of a drawn model expects, and where a file keeps them.
package struct ExpectedGroup {
  package let name: String
  /// The path in a file that goes by classes.
  package let path: String
  package let weights: [LayerDraft.Weight]
}

extension ArchitectureModel {
  /// The weights that files of a layout hold, in Keras' order of layers.
  package func expectedGroups(_ layout: StoredWeights.Layout) -> [ExpectedGroup] {
    Self.expected(layers, layout, below: "")
  }

  private static func expected(
    _ layers: [LayerDraft], _ layout: StoredWeights.Layout, below path: String
  ) -> [ExpectedGroup] {
    var counts: [String: Int] = [:]
    return layers.flatMap { layer -> [ExpectedGroup] in
      if layer.kind == .input || layer.kind == .operation { return [] }
      let key = layer.className.snakeCase
      let count = counts[key, default: 0]
      counts[key] = count + 1
      let place = "\(path)layers/\(key)" + (count == 0 ? "" : "_\(count)")
      if layer.kind == .sequential && layout == .classes {
        return expected(layer.inner, layout, below: place + "/")
      }
      if layer.weights.isEmpty { return [] }
      return [ExpectedGroup(name: layer.name, path: place, weights: layer.weights)]
    }
  }
}
