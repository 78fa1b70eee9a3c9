import ECDiagnostics
import ECImage

/// Folders that are classes, alone or below folders of splits.
///
/// Source: what `keras.utils.image_dataset_from_directory` and torchvision's `ImageFolder` read;
/// labels are positions of the folders' names in their sorted order.
struct ClassFolders {
  let path: String

  /// Folders that hold no class: Caltech-101's clutter.
  static let background = ["BACKGROUND_Google"]
  /// The names of folders of splits, lower case.
  private static let splits = [
    "train": "train", "training": "train", "val": "validation", "valid": "validation",
    "validation": "validation", "test": "test",
  ]

  /// Reads all folders.
  /// - Throws: `ImageError` if a folder can't be read, `FineTuneError` if classes are missing.
  func read() throws -> LabelledImages {
    let folders = try ImageFolder.folders(in: path)
    var parts: [String: String] = [:]
    for name in folders {
      if let split = ClassFolders.splits[name.lowercased()] { parts[split] = name }
    }
    guard parts["train"] != nil || parts["validation"] != nil || parts["test"] != nil else {
      return try single(folders)
    }
    guard let train = parts["train"] else {
      throw FineTuneError(.noTrainingSplit(found: parts.values.sorted()), at: .file(path))
    }
    var data = try ClassFolders(path: "\(path)/\(train)").single(
      try ImageFolder.folders(in: "\(path)/\(train)"))
    if let name = parts["validation"] { data.validation = try items(name, data) }
    if let name = parts["test"] { data.test = try items(name, data) }
    return data
  }

  /// One folder of classes.
  private func single(_ folders: [String]) throws -> LabelledImages {
    let names = folders.filter { !ClassFolders.background.contains($0) }
    guard !names.isEmpty else { throw FineTuneError(.noClasses, at: .file(path)) }
    var data = LabelledImages(classes: names)
    var empty: [String] = []
    for (label, name) in names.enumerated() {
      let found = try images("\(path)/\(name)")
      if found.isEmpty { empty.append(name) }
      data.train += found.map { LabelledImages.Item(.file($0), label: label) }
    }
    if !empty.isEmpty { throw FineTuneError(.emptyClasses(empty), at: .file(path)) }
    if folders.count > names.count {
      let left = folders.filter { ClassFolders.background.contains($0) }
      data.notes.append("left out '\(left.joined(separator: "', '"))', which is no class")
    }
    return data
  }

  /// The images of a split, whose classes are those of the training.
  private func items(_ split: String, _ data: LabelledImages) throws -> [LabelledImages.Item] {
    var items: [LabelledImages.Item] = []
    for name in try ImageFolder.folders(in: "\(path)/\(split)")
    where !ClassFolders.background.contains(name) {
      let found = try images("\(path)/\(split)/\(name)")
      guard let label = data.classes.firstIndex(of: name) else {
        if found.isEmpty { continue }
        throw FineTuneError(.unknownClass(name, split: split), at: .file(path))
      }
      items += found.map { LabelledImages.Item(.file($0), label: label) }
    }
    return items
  }

  private func images(_ folder: String) throws(ImageError) -> [String] {
    do throws(ImageError) {
      return try ImageFolder(folder).paths
    } catch {
      if error.reason == .noImages { return [] }
      throw error
    }
  }
}
