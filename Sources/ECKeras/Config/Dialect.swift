import ECGraph

extension KerasDialect {
  /// The generation whose terms an architecture uses: by its keys, else by the version.
  init(config: FormatValue, version: String?) {
    if let told = KerasDialect.told(by: config) {
      self = told
    } else {
      self =
        switch version?.prefix(2) {
        case "3.": .keras3
        case "1.": .keras1
        default: .keras2
        }
    }
  }

  /// What the first telling layer says; models within are asked in place.
  private static func told(by value: FormatValue) -> KerasDialect? {
    let config = value.object?["config"]
    for layer in config?.list ?? config?.object?["layers"]?.list ?? [] {
      guard let object = layer.object else { continue }
      let keys = object["config"]?.object ?? [:]
      if keys["batch_shape"] != nil { return .keras3 }
      if object["inbound_nodes"]?.list?.first?.object != nil { return .keras3 }
      if ["nb_filter", "border_mode", "dim_ordering"].contains(where: { keys[$0] != nil })
        || (keys["output_dim"] != nil && object["class_name"]?.string == "Dense")
      {
        return .keras1
      }
      if let told = told(by: layer) { return told }
    }
    return nil
  }
}
