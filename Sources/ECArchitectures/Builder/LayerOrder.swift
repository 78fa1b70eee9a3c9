/// The order in which Keras lists the layers of a functional model.
///
/// Keras sorts layers by their distance from the output, farthest first; those of one distance
/// by the order in which a walk from the output along the inputs first meets them. Weights are
/// stored, and matched, in that order.
enum LayerOrder {
  /// Indices of the layers that `output` depends on, in Keras' order.
  static func sorted(_ layers: [LayerDraft], output: Int) -> [Int] {
    let (met, finished) = walk(layers, from: output)
    var depths = [Int](repeating: 0, count: layers.count)
    // Behind all of its readers comes each layer here, so its depth is final when it is read.
    for layer in finished.reversed() {
      for input in layers[layer].inputs {
        depths[input] = max(depths[input], depths[layer] + 1)
      }
    }
    return finished.sorted { a, b in
      depths[a] == depths[b] ? met[a, default: 0] < met[b, default: 0] : depths[a] > depths[b]
    }
  }

  /// The layers by the time when they are first met, and in the order in which they are left.
  private static func walk(_ layers: [LayerDraft], from output: Int)
    -> (met: [Int: Int], finished: [Int])
  {
    var met: [Int: Int] = [output: 0]
    var finished: [Int] = []
    var path = [(layer: output, next: 0)]
    while let (layer, next) = path.last {
      let inputs = layers[layer].inputs
      if next == inputs.count {
        finished.append(layer)
        path.removeLast()
        continue
      }
      path[path.count - 1].next += 1
      if met[inputs[next]] == nil {
        met[inputs[next]] = met.count
        path.append((inputs[next], 0))
      }
    }
    return (met, finished)
  }
}
