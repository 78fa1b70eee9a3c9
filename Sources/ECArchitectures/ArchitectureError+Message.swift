public import ECDiagnostics

extension ArchitectureError {
  public var what: String {
    switch reason {
    case .unknownName(let name, _): "there is no architecture '\(name)'"
    case .unknownOption(let name): "there is no option '\(name)'"
    case .badValue(let option, let value, let expectation):
      "\(option)='\(value)' makes no sense, expected \(expectation)"
    case .foreignOption(let option, let name): "\(name) has no option '\(option)'"
    case .poolingWithTop: "pooling takes the place of the classifier, but top=yes asks for it"
    case .openSize(let name):
      "the weights of \(name) depend on the size of the images, so it can't be left open"
    case .smallImage(let name, let side, let least):
      "\(name) takes images of at least \(least) pixels, not \(side)"
    case .mismatch(let name, let differences, _):
      "the weights aren't those of \(name): "
        + (differences.count == 1 ? "1 layer differs" : "\(differences.count) layers differ")
    case .formerModel(let name, let difference):
      "the weights are those of \(name) in \(difference)"
    case .imagenetUnknown(let name):
      "the weights don't tell whether this \(name) was made with weights=\"imagenet\""
    }
  }

  public var details: [String] {
    guard case .mismatch(_, let differences, _) = reason else { return [] }
    let shown = differences.prefix(12)
    let rest = differences.count - shown.count
    return shown + (rest > 0 ? ["and \(rest) more"] : [])
  }

  public var remedy: String? {
    switch reason {
    case .unknownName(_, let similar) where !similar.isEmpty:
      "did you mean \(Self.choice(similar))?"
    case .unknownName: "'ecconvert architectures' lists them"
    case .unknownOption:
      "options are \(ArchitectureRequest.optionNames.map(\.name).joined(separator: ", "))"
    case .poolingWithTop: "give top=no, or no pooling"
    case .openSize: "give size=224, or another side"
    case .mismatch(_, _, let candidates) where !candidates.isEmpty:
      "give --arch \(Self.choice(candidates)), which the weights look like"
    case .mismatch:
      "give the architecture that the weights were saved from, or its model.to_json() in a file"
    case .formerModel:
      "give --arch model.json with the model.to_json() of the release that they are used with"
    case .imagenetUnknown: "say imagenet=yes or imagenet=no"
    default: nil
    }
  }

  public var category: FaultCategory {
    switch reason {
    case .mismatch, .formerModel: .input
    default: .usage
    }
  }

  private static func choice(_ names: [String]) -> String {
    names.count < 2
      ? names.joined()
      : names.dropLast().joined(separator: ", ") + " or " + names[names.count - 1]
  }
}
