/// The name of a stored weight, as `weight_names` lists it: `block1/conv/kernel:0`.
struct WeightName {
  /// As the file has it.
  let text: String
  /// The components, without `:0` behind the last one.
  let parts: [Substring]

  init(_ text: String) {
    self.text = text
    var parts = text.split(separator: "/")
    if let last = parts.last, let colon = last.lastIndex(of: ":"),
      last[last.index(after: colon)...].allSatisfy(\.isNumber)
    {
      parts[parts.count - 1] = last[..<colon]
    }
    self.parts = parts
  }

  /// Whether the name's end is `wanted` (`kernel`, `query/kernel`), perhaps with a count behind it;
  /// in Keras 1 also with the layer in front of it (`conv1_W`).
  func ends(with wanted: String, isKeras1: Bool = false) -> Bool {
    let components = wanted.split(separator: "/")
    guard let leaf = components.last, parts.count >= components.count,
      parts.dropLast().suffix(components.count - 1).elementsEqual(components.dropLast())
    else { return false }
    let own = parts[parts.count - 1]
    if own == leaf { return true }
    if isKeras1 && own.hasSuffix("_" + leaf) { return true }
    guard own.hasPrefix(leaf + "_") else { return false }
    let count = own.dropFirst(leaf.count + 1)
    return !count.isEmpty && count.allSatisfy { $0.isASCII && $0.isNumber }
  }

  /// Whether it is the state of a random number generator, which inference has no use for.
  var isRandomState: Bool {
    ["seed_generator_state", "rng_state", "StateVar", "state_var"].contains { ends(with: $0) }
  }
}
