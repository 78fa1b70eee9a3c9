import ECDiagnostics
import ECGraph

/// Reading one entry of `layers`.
extension LayerConfig {
  init(
    _ value: FormatValue, dialect: KerasDialect, place: Place, knownLayers: Set<String>
  ) throws(KerasError) {
    guard let object = value.object, let className = object["class_name"]?.string else {
      throw KerasError(.key("a layer has no 'class_name'"), at: place)
    }
    let config = object["config"]?.object ?? [:]
    let name = object["name"]?.string ?? config["name"]?.string ?? className.lowercased()
    let here = place.appending(.layer(name))
    self.name = name
    self.className = className
    let isModel = object["config"]?.list != nil || config["layers"] != nil
    self.config = config
    if isModel && className != "TimeDistributed" {
      model = try ModelConfig(value, dialect: dialect, place: here)
      ruleName = className
    } else {
      model = nil
      ruleName = LayerConfig.ruleName(className, config, object, dialect)
    }
    var calls: [LayerCall] = []
    for call in object["inbound_nodes"]?.list ?? [] {
      calls.append(try LayerConfig.call(call, knownLayers, here))
    }
    self.calls = calls
  }

  /// Operations recorded as layers are looked up as `op:Add` or `TFOpLambda:math.add`.
  private static func ruleName(
    _ className: String, _ config: FormatObject, _ object: FormatObject, _ dialect: KerasDialect
  ) -> String {
    let base = className.split(separator: ">").last.map(String.init) ?? className
    if base == "TFOpLambda" || base == "SlicingOpLambda" {
      return "\(base):\(config["function"]?.string ?? "")"
    }
    let isOperation =
      object["module"]?.string.map { $0.contains(".ops") }
      ?? (config["trainable"] == nil && config["dtype"] == nil)
    return dialect == .keras3 && isOperation && base != "InputLayer" ? "op:\(base)" : base
  }

  private static func call(_ value: FormatValue, _ known: Set<String>, _ place: Place)
    throws(KerasError) -> LayerCall
  {
    var reader = CallReader(known: known)
    if let object = value.object {
      // Keras 3: {"args": […], "kwargs": {…}}
      let args = (object["args"]?.list ?? []).map { reader.read3($0) }
      var arguments: FormatObject = ["args": .list(args)]
      for (key, item) in object["kwargs"]?.object ?? [:] where !item.isNull {
        arguments[key] = reader.read3(item)
      }
      return LayerCall(inputs: reader.inputs, arguments: arguments)
    }
    guard let list = value.list else {
      throw KerasError(.key("an inbound node can't be read"), at: place)
    }
    // Keras 2: one reference, or a list of references, each with its keyword arguments.
    let references = list.first?.string != nil ? [list] : list.compactMap(\.list)
    var args: [FormatValue] = []
    var arguments: FormatObject = [:]
    for reference in references {
      if reference.first?.string == "_CONSTANT_VALUE", reference.count >= 3 {
        args.append(reference[2])
      } else if let tensor = TensorReference(reference) {
        args.append(reader.take(tensor))
      } else {
        throw KerasError(.key("an inbound node can't be read"), at: place)
      }
      if reference.count > 3, let keywords = reference[3].object {
        for (key, item) in keywords where !["mask", "name"].contains(key) && !item.isNull {
          if arguments[key] == nil { arguments[key] = reader.read2(item) }
        }
      }
    }
    arguments["args"] = .list(args)
    return LayerCall(inputs: reader.inputs, arguments: arguments)
  }
}

/// Collects the tensors of one call, leaving `"@k"` in their places.
private struct CallReader {
  let known: Set<String>
  var inputs: [TensorReference] = []

  init(known: Set<String>) {
    self.known = known
  }

  mutating func take(_ reference: TensorReference) -> FormatValue {
    inputs.append(reference)
    return .string("@\(inputs.count - 1)")
  }

  /// An argument of Keras 3, with objects for tensors, arrays and slices.
  mutating func read3(_ value: FormatValue) -> FormatValue {
    if let list = value.list { return .list(list.map { read3($0) }) }
    guard let object = value.object, let name = object["class_name"]?.string else { return value }
    let config = object["config"]?.object
    switch name {
    case "__keras_tensor__":
      if let history = config?["keras_history"]?.list, let reference = TensorReference(history) {
        return take(reference)
      }
      return value
    case "__numpy__", "__tensor__": return config?["value"] ?? value
    case "__tuple__": return .list((object["items"]?.list ?? []).map { read3($0) })
    default: return value
    }
  }

  /// A keyword argument of Keras 2, where a list that starts with a layer's name is a tensor.
  mutating func read2(_ value: FormatValue) -> FormatValue {
    guard let list = value.list else { return value }
    if list.count >= 3, let name = list[0].string, known.contains(name),
      let reference = TensorReference(list)
    {
      return take(reference)
    }
    return .list(list.map { read2($0) })
  }
}
