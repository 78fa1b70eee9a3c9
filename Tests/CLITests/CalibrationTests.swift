import ECTestSupport
import Foundation
import Testing

@Suite struct CalibrationTests {
  private func pruning(_ arguments: [String], in folder: String) throws -> [String: Any] {
    let result = try Command.run(
      [model("cnn"), "--prune", "0.5", "-o", "out.onnx", "--force", "--report", "report.json"]
        + arguments, in: folder)
    #expect(result.status == 0, "\(result.errors)")
    let report = try #require(Fixture.bytes(folder + "/report.json"))
    let object = try JSONSerialization.jsonObject(with: Data(report))
    return try #require((object as? [String: Any])?["pruning"] as? [String: Any])
  }

  @Test func `without data images are drawn, and one line says that real ones do better`() throws {
    try Command.inFolder { folder in
      let result = try Command.run(
        [model("cnn"), "--prune", "0.5", "-o", "out.onnx"], in: folder)
      #expect(result.errors.split(separator: "\n").filter { $0.contains("real ones") }.count == 1)
      let pruning = try pruning([], in: folder)
      let calibration = try #require(pruning["calibration"] as? [String: Any])
      #expect(calibration["source"] as? String == "synthetic")
      #expect(pruning["criterion"] as? String == "centrality")
      #expect(pruning["repair"] as? String == "merge")
    }
  }

  @Test func `a folder of images is calibration, and broken ones are named and counted`() throws {
    try Command.inFolder { folder in
      let result = try Command.run(
        [
          model("cnn"), "--prune", "0.5", "-o", "out.onnx", "--calibration",
          Fixture.path("images"),
        ], in: folder)
      #expect(result.status == 0, "\(result.errors)")
      #expect(result.errors.contains("broken-short.jpg"))
      #expect(!result.errors.contains("real ones"))
      let pruning = try pruning(["--calibration", Fixture.path("images")], in: folder)
      let calibration = try #require(pruning["calibration"] as? [String: Any])
      #expect(calibration["samples"] as? Int == 12)
      #expect(calibration["broken"] as? Int == 5)
    }
  }

  @Test func `weights alone decide where no data is wanted`() throws {
    try Command.inFolder { folder in
      let pruning = try pruning(["--calibration", "none", "--criterion", "paper"], in: folder)
      #expect((pruning["calibration"] as? [String: Any])?["source"] as? String == "none")
      #expect(pruning["repair"] as? String == "bias")
      let fallback = try Command.run(
        [model("cnn"), "--prune", "0.5", "-o", "o.onnx", "--calibration", "none"], in: folder)
      #expect(fallback.status == 0 && fallback.errors.contains("L2 norms"))
    }
  }

  @Test(arguments: ["shapes", "arrays.npz"])
  func `taylor ranks on images with classes, by the model's own or a new classifier`(
    name: String
  ) throws {
    try Command.inFolder { folder in
      let data = Fixture.path("finetune/\(name)")
      let first = try pruning(["--criterion", "taylor", "--calibration", data], in: folder)
      #expect(first["criterion"] as? String == "taylor")
      let labels = try #require(first["labels"] as? [String: Any])
      #expect(labels["classes"] as? Int == 3 && labels["classifier"] as? String == "new")
      let groups = try #require(first["groups"] as? [[String: Any]])
      for group in groups {
        let scores = try #require(group["scores"] as? [Double])
        #expect(scores.contains { $0 > 0 } && Set(scores).count > 1)
      }
      // A model that was taught these classes is asked itself.
      let learnt = try Command.run(
        ["finetune", model("cnn"), "--data", data, "-o", "own.onnx"], in: folder)
      #expect(learnt.status == 0, "\(learnt.errors)")
      let again = try Command.run(
        [
          "own.onnx", "--prune", "0.5", "--criterion", "taylor", "--finetune", data, "-o",
          "slim.onnx", "--report", "report.json",
        ], in: folder)
      #expect(again.status == 0, "\(again.errors)")
      let report = try #require(Fixture.bytes(folder + "/report.json"))
      let object = try JSONSerialization.jsonObject(with: Data(report))
      let own = (object as? [String: Any])?["pruning"] as? [String: Any]
      #expect((own?["labels"] as? [String: Any])?["classifier"] as? String == "model")
    }
  }

  @Test func `taylor without classes is an error that says what to give`() throws {
    try Command.inFolder { folder in
      for data in [[], ["--calibration", "none"], ["--calibration", Fixture.path("images")]] {
        let result = try Command.run(
          [model("cnn"), "--prune", "0.5", "--criterion", "taylor", "-o", "out.onnx"] + data,
          in: folder)
        #expect(result.status == 64, "\(result.errors)")
        #expect(result.errors.contains("--finetune DIR"))
      }
    }
  }

  @Test func `a folder without images, and one that isn't there, are errors`() throws {
    try Command.inFolder { folder in
      for (path, status) in [(Fixture.path("hdf5"), 65), ("nowhere", 66)] {
        let result = try Command.run(
          [model("cnn"), "--prune", "0.5", "-o", "out.onnx", "--calibration", path], in: folder)
        #expect(result.status == Int32(status), "\(result.errors)")
        #expect(result.errorLines.count == 1)
        #expect(try Command.names(in: folder).isEmpty)
      }
    }
  }

  @Test(arguments: ["none", "bias", "merge", "sequential"])
  func `every repair says how far layers are from what they gave`(repair: String) throws {
    try Command.inFolder { folder in
      let pruning = try pruning(["--repair", repair], in: folder)
      let layers = try #require(pruning["reconstruction"] as? [[String: Any]])
      #expect(!layers.isEmpty)
      for layer in layers {
        let before = try #require(layer["before"] as? Double)
        let after = try #require(layer["after"] as? Double)
        // A bias can't take over what several readers see differently.
        let mends = ["merge", "sequential"].contains(repair)
        #expect(mends ? after < before : after <= before, "\(layer)")
      }
    }
  }

  @Test func `batch normalizations are moved, and what can't be is said`() throws {
    try Command.inFolder { folder in
      for mode in ["paired", "recalibrate"] {
        let pruning = try pruning(["--batchnorm", mode], in: folder)
        #expect(pruning["batchnorm"] as? String == mode)
      }
      let result = try Command.run(
        [model("mlp"), "--prune", "0.5", "-o", "mlp.onnx", "--batchnorm", "paired"], in: folder)
      #expect(result.status == 0 && result.errors.contains("changes nothing"), "\(result.errors)")
    }
  }
}
