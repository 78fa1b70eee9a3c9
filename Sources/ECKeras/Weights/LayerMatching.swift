import ECDiagnostics
import ECGraph

/// Which stored group of weights is which layer, where file and architecture come from different
/// places.
///
/// Names decide if both sides have the same ones. Else the order decides, as in Keras itself, as long
/// as no name speaks against it: names that Keras counts (`conv2d_7`) must be counts of the same
/// class, and a name that both sides have must meet itself.
struct LayerMatching {
  /// The group of every layer.
  let positions: [Int]
  /// Remarks for the user.
  let notes: [String]

  /// - Throws: `KerasError.weightMismatch` with all layers and groups that remain.
  init(layers: [LayerSource], groups: [String]) throws(KerasError) {
    let names = layers.map(\.name)
    let known = Dictionary(
      groups.enumerated().map { ($0.element, $0.offset) }, uniquingKeysWith: { first, _ in first })
    if known.count == groups.count, groups.count == names.count {
      let found = names.compactMap { known[$0] }
      if found.count == names.count {
        (positions, notes) = (found, [])
        return
      }
      let (inFile, inModel) = (Set(groups), Set(names))
      var hasForeignNames = false
      let fits = zip(layers, groups).allSatisfy { layer, group in
        if layer.name == group || LayerMatching.isCounted(group, layer) { return true }
        hasForeignNames = true
        return !inFile.contains(layer.name) && !inModel.contains(group)
      }
      if fits {
        positions = Array(groups.indices)
        notes =
          hasForeignNames
          ? ["layers have other names in the file; weights are taken in order, as Keras does"] : []
        return
      }
    }
    let (inFile, inModel) = (Set(groups), Set(names))
    throw KerasError(
      .weightMismatch(
        layers.filter { !inFile.contains($0.name) }.map { .missing($0.path) }
          + groups.filter { !inModel.contains($0) }.map { .extra($0) }))
  }

  /// Whether both names are what Keras calls layers of one class that were given none.
  private static func isCounted(_ group: String, _ layer: LayerSource) -> Bool {
    let base = SnakeCase.of(ConfigReader.baseName(layer.declaredClass))
    return uncounted(group) == base && uncounted(layer.name) == base
  }

  /// A name without `_7` behind it.
  private static func uncounted(_ name: String) -> Substring {
    guard let mark = name.lastIndex(of: "_"), mark != name.startIndex else { return name[...] }
    let count = name[name.index(after: mark)...]
    return !count.isEmpty && count.allSatisfy { $0.isASCII && $0.isNumber }
      ? name[..<mark] : name[...]
  }
}

/// Names in snake case, as Keras derives them from class names.
enum SnakeCase {
  /// `Conv2D` becomes `conv2d`, `BatchNormalization` `batch_normalization`, `PReLU` `p_re_lu`.
  static func of(_ className: String) -> String {
    let letters = className.filter { $0.isLetter || $0.isNumber || $0 == "_" }.map { $0 }
    var result = ""
    for (k, letter) in letters.enumerated() {
      if letter.isUppercase, k > 0 {
        let beginsWord = k + 1 < letters.count && letters[k + 1].isLowercase
        if (beginsWord || letters[k - 1].isLowercase) && letters[k - 1] != "_" { result += "_" }
      }
      result += letter.lowercased()
    }
    return result
  }
}
