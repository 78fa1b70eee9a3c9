import ECGraph

/// Writes an entry of `inbound_nodes` back: the inverse of `CallReader`.
struct CallWriter {
  /// The arguments that differ, by keyword; positional ones as the whole list under `args`.
  let changes: FormatObject
  /// The type that a tensor has now.
  let type: (TensorReference) -> ValueType?

  /// The entry with the shapes and arguments as they are now.
  func call(_ value: FormatValue) -> FormatValue {
    if var object = value.object {
      let positional = changes["args"]?.list
      object["args"] = object["args"]?.list.map { args in
        .list(args.enumerated().map { argument3($1, positional?[safe: $0]) })
      }
      if var keywords = object["kwargs"]?.object {
        for (key, old) in keywords { keywords[key] = argument3(old, changes[key]) }
        object["kwargs"] = .object(keywords)
      }
      return .object(object)
    }
    if changes.isEmpty { return value }
    return value.list.map { call2($0) } ?? value
  }

  /// An argument of Keras 3; `new` is what `CallReader` would give for it, where it changes.
  private func argument3(_ value: FormatValue, _ new: FormatValue?) -> FormatValue {
    if let list = value.list {
      // Numbers are replaced as a whole, tensors one by one.
      if let new, !list.contains(where: { $0.object != nil }) { return new }
      return .list(list.enumerated().map { argument3($1, new?.list?[safe: $0]) })
    }
    guard var object = value.object else {
      if let new, new.string?.hasPrefix("@") != true { return new }
      return value
    }
    var config = object["config"]?.object ?? [:]
    switch object["class_name"]?.string {
    case "__keras_tensor__":
      guard let reference = config["keras_history"]?.list.flatMap({ TensorReference($0) }),
        let type = type(reference)
      else { return value }
      config["shape"] = config["shape"]?.withExtents(of: type)
    case "__numpy__", "__tensor__":
      guard let new else { return value }
      config["value"] = new
    case "__tuple__":
      object["items"] = object["items"]?.list.map { items in
        .list(items.enumerated().map { argument3($1, new?.list?[safe: $0]) })
      }
      return .object(object)
    case nil:
      for (key, member) in object { object[key] = argument3(member, new?.object?[key]) }
      return .object(object)
    default: return new ?? value
    }
    object["config"] = .object(config)
    return .object(object)
  }

  /// The references of Keras 2, one or a list, with the keywords behind each.
  private func call2(_ list: [FormatValue]) -> FormatValue {
    if list.first?.string != nil { return .list(reference2(list, at: 0)) }
    return .list(
      list.enumerated().map { k, entry in entry.list.map { .list(reference2($0, at: k)) } ?? entry }
    )
  }

  private func reference2(_ reference: [FormatValue], at position: Int) -> [FormatValue] {
    var reference = reference
    if reference.count >= 3, reference[0].string == "_CONSTANT_VALUE",
      let new = changes["args"]?.list?[safe: position]
    {
      reference[2] = new
    }
    if reference.count > 3, var keywords = reference[3].object {
      for (key, value) in changes where key != "args" && keywords[key] != nil {
        keywords[key] = value
      }
      reference[3] = .object(keywords)
    }
    return reference
  }
}

extension Array {
  /// The element at a position, or `nil` beyond the end.
  fileprivate subscript(safe position: Int) -> Element? {
    indices.contains(position) ? self[position] : nil
  }
}
