import ECTestSupport
import Foundation
import Glibc
import Testing

@Suite struct FineTuneTests {
  private func data(_ name: String) -> String { Fixture.path("finetune/\(name)") }

  private func report(_ folder: String) throws -> [String: Any] {
    let bytes = try #require(Fixture.bytes(folder + "/report.json"))
    return try #require(
      try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
  }

  /// Runs the command and gives the report's part on fine-tuning.
  private func learn(_ arguments: [String], in folder: String) throws -> [String: Any] {
    let result = try Command.run(
      arguments + ["--report", "report.json", "--force"], in: folder)
    #expect(result.status == 0, "\(result.errors)")
    return try #require(try report(folder)["finetune"] as? [String: Any])
  }

  @Test func `a folder of class folders gives a classifier for them, and its labels`() throws {
    try Command.inFolder { folder in
      let found = try learn(
        ["finetune", model("cnn"), "--data", data("shapes"), "-o", "out.onnx"], in: folder)
      #expect(found["classes"] as? Int == 3)
      #expect(found["classNames"] as? [String] == ["circle", "cross", "square"])
      let images = try #require(found["images"] as? [String: Int])
      #expect(images == ["train": 24, "validation": 6, "test": 0, "broken": 0])
      let epochs = try #require(found["epochs"] as? [[String: Any]])
      #expect(epochs.count > 1)
      #expect((epochs.last?["accuracy"] as? Double ?? 0) > 0.6)
      let labels = Fixture.bytes(folder + "/out.onnx.labels.txt") ?? []
      #expect(String(decoding: labels, as: UTF8.self) == "circle\ncross\nsquare\n")
      let check = try #require(found["verification"] as? [String: Any])
      #expect(check["reference"] as? String == "trained model")
    }
  }

  @Test(arguments: ["h5", "keras", "onnx"])
  func `names of classes are read back, shown and kept from format to format`(ending: String)
    throws
  {
    try Command.inFolder { folder in
      func classes(of file: String) throws -> [String]? {
        let shown = try Command.run(["inspect", "--json", file], in: folder)
        #expect(shown.status == 0, "\(shown.errors)")
        let object = try JSONSerialization.jsonObject(with: Data(shown.output))
        return (object as? [String: Any])?["classes"] as? [String]
      }
      let names = ["circle", "cross", "square"]
      let first = "first.\(ending)"
      _ = try learn(
        ["finetune", model("cnn"), "--data", data("shapes"), "-o", first], in: folder)
      #expect(try classes(of: first) == names)
      let lines = String(
        decoding: try Command.run(["inspect", first], in: folder).output, as: UTF8.self)
      #expect(lines.contains("  classes circle, cross, square\n"))
      for other in ["h5", "keras", "onnx"] {
        let second = "second.\(other)"
        let result = try Command.run([first, "--prune", "0.25", "-o", second], in: folder)
        #expect(result.status == 0, "\(result.errors)")
        #expect(try classes(of: second) == names)
      }
      #expect(try classes(of: model("cnn")) == [])
    }
  }

  @Test func `pruning is proven against the source before the classifier is learnt`() throws {
    try Command.inFolder { folder in
      _ = try learn(
        [model("cnn"), "--prune", "0.5", "--finetune", data("split"), "-o", "out.onnx"],
        in: folder)
      let whole = try report(folder)
      let check = try #require(whole["verification"] as? [String: Any])
      #expect(check["reference"] as? String == "masked source")
      #expect(check["passed"] as? Bool == true)
      let calibration = try #require(
        (whole["pruning"] as? [String: Any])?["calibration"] as? [String: Any])
      #expect(calibration["source"] as? String == "folder")
      #expect(calibration["samples"] as? Int == 18)
      let test = try #require((whole["finetune"] as? [String: Any])?["test"] as? [String: Any])
      #expect((test["confusion"] as? [[Int]])?.joined().reduce(0, +) == 6)
    }
  }

  @Test(arguments: ["flowers", "table.csv", "table.tsv", "arrays.npz", "packed.npz"])
  func `every layout gives a classifier`(name: String) throws {
    try Command.inFolder { folder in
      let found = try learn(
        ["finetune", model("cnn"), "--data", data(name), "-o", "out.onnx"], in: folder)
      #expect(found["classes"] as? Int == 3)
      let images = try #require(found["images"] as? [String: Int])
      #expect(images.values.reduce(0, +) == 30)
      #expect((images["test"] == 6) == ["flowers", "table.csv"].contains(name))
    }
  }

  @Test func `broken images are named, skipped and counted`() throws {
    try Command.inFolder { folder in
      let result = try Command.run(
        [
          "finetune", model("cnn"), "--data", data("trouble"), "-o", "out.onnx", "--report",
          "report.json",
        ], in: folder)
      #expect(result.status == 0, "\(result.errors)")
      #expect(result.errors.contains("broken-text.jpg") && result.errors.contains("short.jpg"))
      let images = (try report(folder)["finetune"] as? [String: Any])?["images"] as? [String: Int]
      #expect(images?["broken"] == 2)
      #expect(images.map { $0.values.reduce(0, +) } == 24)
    }
  }

  @Test func `data without classes, with one, or with an empty one is an error that says so`()
    throws
  {
    try Command.inFolder { folder in
      for name in ["one/only", "empty/first", "empty/second"] {
        try FileManager.default.createDirectory(
          atPath: folder + "/" + name, withIntermediateDirectories: true)
      }
      for target in ["one/only/0.png", "empty/first/0.png"] {
        try FileManager.default.copyItem(
          atPath: data("shapes/circle/0.png"), toPath: folder + "/" + target)
      }
      for (path, words) in [
        ("one", "only one class, 'only'"), ("empty", "no image that can be used: 'second'"),
        ("one/only", "no folder of images"),
      ] {
        let result = try Command.run(
          ["finetune", model("cnn"), "--data", path, "-o", "out.onnx"], in: folder)
        #expect(result.status == 65)
        #expect(result.errors.contains(words), "\(result.errors)")
      }
      let missing = try Command.run(
        ["finetune", model("cnn"), "--data", "nowhere", "-o", "out.onnx"], in: folder)
      #expect(missing.status == 66)
      try FileManager.default.removeItem(atPath: folder + "/one")
      try FileManager.default.removeItem(atPath: folder + "/empty")
    }
  }

  @Test func `the same seed gives the same bytes, on one thread and on two`() throws {
    try Command.inFolder { folder in
      for (name, threads) in [("a", "1"), ("b", "1"), ("c", "2")] {
        _ = try learn(
          [
            "finetune", model("cnn"), "--data", data("shapes"), "-o", "\(name).onnx", "--threads",
            threads,
          ], in: folder)
      }
      let bytes = Fixture.bytes(folder + "/a.onnx")
      #expect(bytes != nil && bytes == Fixture.bytes(folder + "/b.onnx"))
    }
  }

  /// Runs the command and kills it as soon as it has made a file.
  private func kill(_ arguments: [String], in folder: String, onceThereIs name: String) throws {
    let process = Process()
    process.executableURL = URL(filePath: Command.path)
    process.arguments = arguments
    process.currentDirectoryURL = URL(filePath: folder)
    process.standardError = FileHandle.nullDevice
    try process.run()
    while process.isRunning, access(folder + "/" + name, F_OK) != 0 { usleep(500) }
    Glibc.kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
    #expect(process.terminationReason == .uncaughtSignal)
  }

  @Test func `killed at any moment, --resume gives the same bytes`() throws {
    try Command.inFolder { folder in
      func arguments(_ output: String) -> [String] {
        [
          "finetune", model("cnn"), "--data", data("shapes"), "-o", output, "--optimizer", "adamw",
          "--augment", "--epochs", "30", "--early-stopping", "0", "--threads", "1",
        ]
      }
      let whole = try Command.run(arguments("whole.onnx"), in: folder)
      #expect(whole.status == 0, "\(whole.errors)")
      for (attempt, file) in ["features", "state", "features-9"].enumerated() {
        try kill(
          arguments("out.onnx") + (attempt == 0 ? [] : ["--resume"]), in: folder,
          onceThereIs: ".out.onnx.checkpoint/ecconvert-\(file)")
        #expect(Fixture.bytes(folder + "/out.onnx") == nil)
      }
      let resumed = try Command.run(arguments("out.onnx") + ["--resume"], in: folder)
      #expect(resumed.status == 0, "\(resumed.errors)")
      let bytes = Fixture.bytes(folder + "/whole.onnx")
      #expect(bytes != nil && bytes == Fixture.bytes(folder + "/out.onnx"))
      #expect(
        try Command.names(in: folder) == [
          "out.onnx", "out.onnx.labels.txt", "whole.onnx", "whole.onnx.labels.txt",
        ])
    }
  }

  @Test(arguments: ["sgd", "adamw"]) func `small batches learn too`(optimizer: String) throws {
    try Command.inFolder { folder in
      let found = try learn(
        [
          "finetune", model("cnn"), "--data", data("shapes"), "-o", "out.keras", "--optimizer",
          optimizer, "--class-weights", "--batch-size", "8",
        ], in: folder)
      let epochs = try #require(found["epochs"] as? [[String: Any]])
      #expect((epochs.last?["accuracy"] as? Double ?? 0) > 0.6)
      #expect(found["optimizer"] as? String == optimizer)
    }
  }

  @Test func `a teacher of the same classes is asked, and one of others refused`() throws {
    try Command.inFolder { folder in
      _ = try learn(
        ["finetune", model("cnn"), "--data", data("shapes"), "-o", "teacher.h5"], in: folder)
      let arguments = [
        model("cnn"), "--prune", "0.5", "--finetune", data("shapes"), "-o", "out.onnx", "--force",
        "--teacher",
      ]
      let found = try learn(arguments + ["teacher.h5"], in: folder)
      #expect((found["epochs"] as? [Any])?.isEmpty == false)
      let refused = try Command.run(arguments + [model("cnn")], in: folder)
      #expect(refused.status != 0 && refused.errors.contains("teacher"))
    }
  }

  @Test func `numbers that run away are told with the step`() throws {
    try Command.inFolder { folder in
      let result = try Command.run(
        [
          "finetune", model("cnn"), "--data", data("shapes"), "-o", "out.onnx", "--optimizer",
          "sgd", "--learning-rate", "1e300",
        ], in: folder)
      #expect(result.status == 65)
      #expect(result.errors.contains("no number in epoch"), "\(result.errors)")
    }
  }

  @Test func `all layers are trained, and a killed run goes on to the same bytes`() throws {
    try Command.inFolder { folder in
      func arguments(_ output: String) -> [String] {
        [
          model("cnn"), "--prune", "0.3", "--finetune", data("split"), "-o", output,
          "--train-layers", "all", "--epochs", "12", "--early-stopping", "0", "--batch-size", "5",
          "--augment", "--threads", "1",
        ]
      }
      let found = try learn(arguments("whole.onnx"), in: folder)
      let epochs = try #require(found["epochs"] as? [[String: Any]])
      #expect(epochs.count == 12)
      #expect(found["trainLayers"] as? String == "all")
      try kill(
        arguments("out.onnx"), in: folder,
        onceThereIs: ".out.onnx.checkpoint/ecconvert-network")
      let resumed = try Command.run(arguments("out.onnx") + ["--resume"], in: folder)
      #expect(resumed.status == 0, "\(resumed.errors)")
      let bytes = Fixture.bytes(folder + "/whole.onnx")
      #expect(bytes != nil && bytes == Fixture.bytes(folder + "/out.onnx"))
    }
  }

  @Test func `the last layers are trained, the others stay`() throws {
    try Command.inFolder { folder in
      let found = try learn(
        [
          "finetune", model("cnn"), "--data", data("split"), "-o", "out.keras", "--train-layers",
          "last:2", "--optimizer", "adamw", "--epochs", "3", "--class-weights",
        ], in: folder)
      #expect((found["epochs"] as? [Any])?.count == 3)
      #expect(found["classifierAlone"] != nil)
      let options = try #require(try report(folder)["options"] as? [String: Any])
      #expect(options["finetune"] as? String == data("split"))
      #expect(options["train-layers"] as? String == "last:2")
      let refused = try Command.run(
        [
          "finetune", model("cnn"), "--data", data("split"), "-o", "o.onnx", "--train-layers",
          "all",
          "--optimizer", "lbfgs",
        ], in: folder)
      #expect(refused.status == 64 && refused.errors.contains("head only"))
    }
  }

  @Test func `a loss that is no number any more is told, and nothing is written`() throws {
    try Command.inFolder { folder in
      let result = try Command.run(
        [
          "finetune", model("cnn"), "--data", data("split"), "-o", "out.onnx", "--train-layers",
          "all", "--learning-rate", "1e20",
        ], in: folder)
      #expect(result.status == 65)
      #expect(result.errors.contains("not a number at step"), "\(result.errors)")
      #expect(result.errors.contains("lower --learning-rate"))
      #expect(Fixture.bytes(folder + "/out.onnx") == nil)
    }
  }

  @Test func `statistics of batch normalizations stay, or follow the batches`() throws {
    try Command.inFolder { folder in
      func learnt(_ options: String...) throws -> [UInt8]? {
        _ = try learn(
          [
            "finetune", model("cnn"), "--data", data("split"), "-o", "out.onnx", "--train-layers",
            "all", "--epochs", "2", "--threads", "1", "--early-stopping", "0",
          ] + options, in: folder)
        return Fixture.bytes(folder + "/out.onnx")
      }
      let frozen = try learnt("--batchnorm-training", "frozen")
      #expect(try frozen != nil && frozen == learnt())
      #expect(try frozen != learnt("--batchnorm-training", "update"))
      let refused = try Command.run(
        [
          "finetune", model("cnn"), "--data", data("split"), "-o", "o.onnx",
          "--batchnorm-training", "update",
        ], in: folder)
      #expect(refused.status == 64 && refused.errors.contains("--train-layers"))
    }
  }

  @Test func `the classifier alone is kept where more training helps nothing`() throws {
    try Command.inFolder { folder in
      func learnt(_ options: String...) throws -> [String: Any] {
        try learn(
          ["finetune", model("cnn"), "--data", data("split"), "-o", "out.onnx"] + options,
          in: folder)
      }
      let head = try learnt()
      let bytes = Fixture.bytes(folder + "/out.onnx")
      let found = try learnt("--train-layers", "all", "--learning-rate", "0", "--epochs", "2")
      #expect(found["bestEpoch"] is NSNull)
      #expect(bytes != nil && Fixture.bytes(folder + "/out.onnx") == bytes)
      let (a, b) = (head["validation"] as? [String: Any], found["validation"] as? [String: Any])
      #expect(a?["confusion"] as? [[Int]] == b?["confusion"] as? [[Int]])
      let warnings = try report(folder)["warnings"] as? [String] ?? []
      #expect(warnings.contains { $0.contains("classifier alone is kept") }, "\(warnings)")
    }
  }

  @Test func `features in bfloat16 are not those in float32, and teach as well`() throws {
    guard
      try Command.run(
        ["compare", model("cnn"), model("cnn"), "--precision", "bf16"]
      ).status == 0
    else { return }
    try Command.inFolder { folder in
      func learnt(_ options: String...) throws -> [String: Any] {
        try learn(
          ["finetune", model("cnn"), "--data", data("split"), "-o", "out.onnx"] + options,
          in: folder)
      }
      let whole = try learnt()
      let bytes = Fixture.bytes(folder + "/out.onnx")
      let rounded = try learnt("--precision", "bf16")
      #expect(bytes != Fixture.bytes(folder + "/out.onnx"))
      func accuracy(_ found: [String: Any]) -> Double {
        (found["validation"] as? [String: Any])?["accuracy"] as? Double ?? -1
      }
      #expect(abs(accuracy(whole) - accuracy(rounded)) < 0.2)
    }
  }
}
