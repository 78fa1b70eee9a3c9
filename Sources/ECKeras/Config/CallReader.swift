import ECGraph

/// Reads one entry of `inbound_nodes`: collects its tensors and leaves `"@k"` in their places.
struct CallReader {
  /// The names of the layers of the model.
  let known: Set<String>
  private var inputs: [TensorReference] = []

  init(known: Set<String>) {
    self.known = known
  }

  /// The call, or `nil` where the entry has none of the known forms.
  mutating func call(_ value: FormatValue) -> LayerCall? {
    if let object = value.object { return version3(object) }
    return value.list.flatMap { version2($0) }
  }

  /// `{"args": […], "kwargs": {…}}`, with objects for tensors, arrays and slices.
  private mutating func version3(_ object: FormatObject) -> LayerCall? {
    guard let args = object["args"]?.list else { return nil }
    var arguments: FormatObject = ["args": .list(args.map { argument3($0) })]
    for (key, value) in object["kwargs"]?.object ?? [:] where !value.isNull {
      arguments[key] = argument3(value)
    }
    return LayerCall(inputs: inputs, arguments: arguments)
  }

  private mutating func argument3(_ value: FormatValue) -> FormatValue {
    if let list = value.list { return .list(list.map { argument3($0) }) }
    guard let object = value.object else { return value }
    let config = object["config"]?.object
    switch object["class_name"]?.string {
    case "__keras_tensor__":
      guard let history = config?["keras_history"]?.list, let reference = TensorReference(history)
      else { return value }
      return take(reference)
    case "__numpy__", "__tensor__": return config?["value"] ?? value
    case "__tuple__": return .list((object["items"]?.list ?? []).map { argument3($0) })
    case nil:
      // Tensors by key: Keras flattens them in the order of the keys.
      var members: FormatObject = [:]
      for key in object.keys.sorted() { members[key] = object[key].map { argument3($0) } }
      return .object(members)
    default: return value
    }
  }

  /// One reference `[name, call, result, kwargs]`, or a list of them.
  private mutating func version2(_ list: [FormatValue]) -> LayerCall? {
    let isSingle = list.first?.string != nil
    let references = isSingle ? [list] : list.compactMap(\.list)
    guard isSingle || references.count == list.count else { return nil }
    var operands: [FormatValue] = []
    for reference in references {
      if reference.count >= 3, reference[0].string == "_CONSTANT_VALUE" {
        operands.append(reference[2])
      } else if let reference = TensorReference(reference) {
        operands.append(take(reference))
      } else {
        return nil
      }
    }
    // A list of tensors is the one first argument of an operation.
    let args = isSingle || operands.count == 1 ? operands : [.list(operands)]
    var arguments: FormatObject = ["args": .list(args)]
    for reference in references where reference.count > 3 {
      // The same keywords stand behind every tensor of the list.
      for (key, value) in reference[3].object ?? [:]
      where key != "name" && !value.isNull && arguments[key] == nil {
        arguments[key] = argument2(value)
      }
    }
    return LayerCall(inputs: inputs, arguments: arguments)
  }

  /// In a keyword argument a list that begins with the name of a layer is a tensor.
  private mutating func argument2(_ value: FormatValue) -> FormatValue {
    guard let list = value.list else { return value }
    if let reference = TensorReference(list), known.contains(reference.layer) {
      return take(reference)
    }
    return .list(list.map { argument2($0) })
  }

  private mutating func take(_ reference: TensorReference) -> FormatValue {
    inputs.append(reference)
    return .string("@\(inputs.count - 1)")
  }
}
