import ECDiagnostics
import ECMatlab
import Glibc

/// Oxford Flowers-102 as it is distributed: `jpg/image_00001.jpg` and on, with `imagelabels.mat`
/// (`labels`) and `setid.mat` (`trnid`, `valid`, `tstid`) beside the folder.
///
/// Both files count from 1. The classes have no names there, so their numbers are taken.
struct FlowersLayout {
  let path: String

  /// Whether a folder looks like it.
  static func matches(_ path: String) -> Bool {
    ["jpg", "imagelabels.mat", "setid.mat"].allSatisfy { access("\(path)/\($0)", R_OK) == 0 }
  }

  /// Reads the tables; the images aren't looked at.
  /// - Throws: `MatFileError` or `FineTuneError` if the tables don't fit each other.
  func read() throws -> LabelledImages {
    let numbers = try MatFile(path: "\(path)/imagelabels.mat").numbers("labels")
    let labels = numbers.compactMap { Int(exactly: $0) }
    let table = "\(path)/setid.mat"
    guard labels.count == numbers.count, let most = labels.max(), let least = labels.min(),
      least >= 1, most <= 100_000
    else {
      throw FineTuneError(
        .badArray("'labels' has numbers that aren't classes from 1"),
        at: .file("\(path)/imagelabels.mat"))
    }
    var data = LabelledImages(classes: (1...most).map { "\($0)" })
    let sets = try MatFile(path: table)
    func items(_ name: String) throws -> [LabelledImages.Item] {
      try sets.numbers(name).map { number in
        guard let image = Int(exactly: number), (1...labels.count).contains(image) else {
          throw FineTuneError(
            .badArray("'\(name)' has image \(number) of \(labels.count)"), at: .file(table))
        }
        let digits = String(image)
        let zeros = String(repeating: "0", count: max(0, 5 - digits.count))
        return LabelledImages.Item(
          .file("\(path)/jpg/image_\(zeros)\(digits).jpg"), label: labels[image - 1] - 1)
      }
    }
    data.train = try items("trnid")
    data.validation = try items("valid")
    data.test = try items("tstid")
    return data
  }
}
