extension FineTuneError {
  public var what: String {
    switch reason {
    case .noClasses: "there is no folder of images in this folder"
    case .noTrainingSplit(let found):
      "there is \(found.map { "'\($0)'" }.joined(separator: " and ")) but no 'train'"
    case .emptyClasses(let names):
      "\(names.count == 1 ? "a class has" : "\(names.count) classes have") no image that can be "
        + "used: " + FineTuneError.listed(names)
    case .oneClass(let name): "there is only one class, '\(name)'"
    case .unknownClass(let name, let split): "class '\(name)' of '\(split)' isn't in 'train'"
    case .badRow(let line, let words): "line \(line): \(words)"
    case .missingFiles(let count, let first):
      count == 1 ? "there is no file '\(first)'" : "\(count) files aren't there, first '\(first)'"
    case .badArray(let words): words
    case .cannotRead(let message, _): message
    case .cannotWrite(let message): "can't be written: \(message)"
    case .notANumber(let words): words
    case .numbers(let words): words
    }
  }

  public var remedy: String? {
    switch reason {
    case .noClasses:
      "give a folder that has a folder of .jpg or .png files for each class"
    case .noTrainingSplit: "add a folder 'train' with the same classes"
    case .emptyClasses: "add images, or take the class out"
    case .oneClass: "give images of two classes or more"
    case .unknownClass: "add the class to 'train', or take it out"
    case .badRow: "write path,label or path,label,split with split train, validation or test"
    case .missingFiles: "paths are relative to the table's folder"
    case .notANumber: "a smaller --learning-rate, or --weight-decay above 0, may help"
    case .badArray, .cannotRead, .cannotWrite, .numbers: nil
    }
  }

  /// The first names, and how many more there are.
  private static func listed(_ names: [String]) -> String {
    names.prefix(8).map { "'\($0)'" }.joined(separator: ", ")
      + (names.count > 8 ? " and \(names.count - 8) more" : "")
  }
}
