extension Graph {
  /// The names of the classes in the order of the scores, where the file has them.
  ///
  /// They stand among the key-value pairs under `classes`, as a JSON list of texts; anything else
  /// under that key isn't taken for names.
  public var classes: [String]? {
    guard let text = metadata.first(where: { $0.key == "classes" })?.value,
      let names = try? FormatValue(json: text.utf8).list
    else { return nil }
    let strings = names.compactMap(\.string)
    return strings.count == names.count && !strings.isEmpty ? strings : nil
  }

  /// Notes the names of the classes in place of those noted before.
  public mutating func setClasses(_ names: [String]) {
    metadata.removeAll { $0.key == "classes" }
    metadata.append(("classes", FormatValue.list(names.map { .string($0) }).json()))
  }
}
