import ECDiagnostics
import Glibc

/// A table of images: `path,label` or `path,label,split` in every line, by commas or tabs.
///
/// A first line that names its columns is passed over. Fields may stand in double quotes. Paths are
/// relative to the table's folder. Labels that are all whole numbers are sorted as such.
struct TableLayout {
  let path: String
  private let separator: Character

  /// Prepares to read `.csv` or `.tsv`.
  init(path: String) {
    self.path = path
    separator = path.lowercased().hasSuffix(".tsv") ? "\t" : ","
  }

  private static let headings = ["path", "file", "filename", "image", "image_path", "filepath"]
  private typealias Part = WritableKeyPath<LabelledImages, [LabelledImages.Item]> & Sendable
  private static let splits: [String: Part] = [
    "": \.train, "train": \.train, "training": \.train, "val": \.validation,
    "valid": \.validation, "validation": \.validation, "test": \.test,
  ]

  /// Reads the table; the images aren't looked at.
  /// - Throws: `FineTuneError` for a line that isn't understood, and for files that aren't there.
  func read(_ text: String) throws(FineTuneError) -> LabelledImages {
    let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
    var rows: [(image: String, label: String, split: String)] = []
    var missing: [String] = []
    for (line, fields) in records(text) {
      if rows.isEmpty, TableLayout.headings.contains((fields.first ?? "").lowercased()) { continue }
      guard fields.count == 2 || fields.count == 3, !fields[0].isEmpty, !fields[1].isEmpty else {
        throw FineTuneError(
          .badRow(line: line, "\(fields.count) fields, expected path, label and perhaps split"),
          at: .file(path))
      }
      let split = fields.count == 3 ? fields[2].lowercased() : ""
      guard TableLayout.splits[split] != nil else {
        throw FineTuneError(.badRow(line: line, "there is no split '\(split)'"), at: .file(path))
      }
      let image = fields[0].hasPrefix("/") ? fields[0] : folder + fields[0]
      if access(image, R_OK) != 0 { missing.append(fields[0]) }
      rows.append((image, fields[1], split))
    }
    if let first = missing.first {
      throw FineTuneError(.missingFiles(count: missing.count, first: first), at: .file(path))
    }
    let classes = TableLayout.sorted(Set(rows.map(\.label)))
    let labels = Dictionary(uniqueKeysWithValues: classes.enumerated().map { ($1, $0) })
    var data = LabelledImages(classes: classes)
    for row in rows {
      guard let part = TableLayout.splits[row.split], let label = labels[row.label] else {
        continue
      }
      data[keyPath: part].append(LabelledImages.Item(.file(row.image), label: label))
    }
    return data
  }

  private static func sorted(_ labels: Set<String>) -> [String] {
    let numbers = labels.compactMap { Int($0) }
    if numbers.count == labels.count {
      return labels.sorted { (Int($0) ?? 0, $0) < (Int($1) ?? 0, $1) }
    }
    return labels.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  /// The fields of every line that isn't empty, with its number.
  private func records(_ text: String) -> [(line: Int, fields: [String])] {
    var records: [(line: Int, fields: [String])] = []
    for (k, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
      .enumerated()
    where line.contains(where: { !$0.isWhitespace }) {
      var fields = [""]
      var isQuoted = false
      for character in line {
        if character == "\"" {
          isQuoted.toggle()
        } else if character == separator && !isQuoted {
          fields.append("")
        } else {
          fields[fields.count - 1].append(character)
        }
      }
      records.append((k + 1, fields.map { $0.trimmed }))
    }
    return records
  }
}

extension String {
  fileprivate var trimmed: String {
    let start = drop { $0.isWhitespace || $0 == "\u{FEFF}" }
    return String(start.reversed().drop { $0.isWhitespace }.reversed())
  }
}
