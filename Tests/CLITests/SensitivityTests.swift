import ECTestSupport
import Foundation
import Testing

@Suite struct SensitivityTests {
  private func json(_ path: String) throws -> [String: Any] {
    let data = Data(try #require(Fixture.bytes(path)))
    return try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
  }

  @Test func `a run that was stopped goes on, and ends with the same bytes`() throws {
    try Command.inFolder { folder in
      let command = ["sensitivity", model("cnn"), "-o", "s.json", "--threads", "1"]
      let whole = try Command.run(command, in: folder)
      #expect(whole.status == 0, "\(whole.errors)")
      let bytes = Fixture.bytes(folder + "/s.json")
      // As the file is after the first group.
      var partial = try json(folder + "/s.json")
      let groups = try #require(partial["groups"] as? [[String: Any]])
      #expect(groups.count == 2)
      var first = groups[0]
      first["channels"] = 8
      partial["groups"] = [first]
      partial["complete"] = false
      Fixture.write(
        Array(try JSONSerialization.data(withJSONObject: partial)), to: folder + "/s.json")
      let rest = try Command.run(command, in: folder)
      #expect(rest.status == 0, "\(rest.errors)")
      #expect(rest.errors.contains("goes on after 1 of 2 groups"))
      #expect(Fixture.bytes(folder + "/s.json") == bytes)
      #expect(rest.output == whole.output)
    }
  }

  @Test func `measurements of other options or models are refused`() throws {
    try Command.inFolder { folder in
      let command = ["sensitivity", model("cnn"), "-o", "s.json", "--calibration-samples", "8"]
      #expect(try Command.run(command, in: folder).status == 0)
      let other = try Command.run(command + ["--sensitivity-ratios", "0.3"], in: folder)
      #expect(other.status == 64)
      #expect(other.errors.contains("measured with other options"))
      let forced = try Command.run(
        command + ["--sensitivity-ratios", "0.3", "--force"], in: folder)
      #expect(forced.status == 0, "\(forced.errors)")
      let foreign = try Command.run(
        [model("mlp"), "--sensitivity", "s.json", "--prune", "0.5", "--dry-run"], in: folder)
      #expect(foreign.status == 64)
      #expect(foreign.errors.contains("another model"))
      Fixture.write(Array("{\"schemaVersion\": 1}".utf8), to: folder + "/s.json")
      let broken = try Command.run(command, in: folder)
      #expect(broken.status == 65)
      #expect(broken.errors.contains("can't be read"))
    }
  }

  @Test func `a plan by sensitivities is replayed to the same bytes`() throws {
    try Command.inFolder { folder in
      let direct = try Command.run(
        [
          model("cnn"), "--sensitivity", "s.json", "--target-macs", "50%", "-o", "a.onnx",
          "--save-plan", "plan.json", "--report", "r.json",
        ], in: folder)
      #expect(direct.status == 0, "\(direct.errors)")
      #expect(direct.errors.contains("reachable: at least 32.3 k MACs (6.5 %), now 498 k"))
      let replayed = try Command.run(
        [model("cnn"), "--plan", "plan.json", "-o", "b.onnx"], in: folder)
      #expect(replayed.status == 0, "\(replayed.errors)")
      #expect(Fixture.bytes(folder + "/a.onnx") == Fixture.bytes(folder + "/b.onnx"))
      let pruning = try #require(try json(folder + "/r.json")["pruning"] as? [String: Any])
      #expect((pruning["sensitivities"] as? [Any])?.count == 2)
      let reachable = try #require(pruning["reachable"] as? [String: [String: Any]])
      #expect(reachable["macs"]?["minimum"] as? Int == 32266)
      #expect(reachable["macs"]?["now"] as? Int == 497_704)
    }
  }
}

@Suite struct TargetTests {
  @Test(arguments: ["onnx", "h5", "keras"])
  func `a target on the size is met by the file that is written`(format: String) throws {
    try Command.inFolder { folder in
      let whole = try Command.run([model("cnn"), "-o", "whole.\(format)"], in: folder)
      #expect(whole.status == 0, "\(whole.errors)")
      let most = try #require(Fixture.bytes(folder + "/whole.\(format)")).count
      let wanted = most * 9 / 10
      let result = try Command.run(
        [model("cnn"), "--target-size", "\(wanted)", "-o", "slim.\(format)"], in: folder)
      #expect(result.status == 0, "\(result.errors)")
      #expect(result.errors.contains("reachable: at least "))
      let size = try #require(Fixture.bytes(folder + "/slim.\(format)")).count
      #expect(size <= wanted)
    }
  }

  @Test(arguments: [
    (["--target-size", "100"], "100 bytes can't be reached, the least is"),
    (["--target-macs", "1"], "multiply-accumulates can't be reached"),
    (["--target-latency", "0.000001", "--python", "none"], "ms a run can't be reached"),
  ]) func `a target out of reach is exit 69, and the nearest with --best-effort`(
    target: [String], words: String
  ) throws {
    try Command.inFolder { folder in
      let command = [model("cnn"), "-o", "slim.onnx"] + target
      let refused = try Command.run(command, in: folder)
      #expect(refused.status == 69, "\(refused.errors)")
      #expect(refused.errors.contains(words), "\(refused.errors)")
      #expect(try Command.names(in: folder).isEmpty)
      let best = try Command.run(command + ["--best-effort"], in: folder)
      #expect(best.status == 0, "\(best.errors)")
      #expect(best.errors.contains("--best-effort takes that"))
      #expect(try Command.names(in: folder) == ["slim.onnx"])
    }
  }

  @Test func `a target on the time is measured`() throws {
    try Command.inFolder { folder in
      let result = try Command.run(
        [
          model("cnn"), "--target-latency", "100%", "--best-effort", "--python", "none", "-o",
          "slim.onnx", "--report", "r.json",
        ], in: folder)
      #expect(result.status == 0, "\(result.errors)")
      #expect(result.errors.contains(" ms in ecconvert"))
    }
  }

  @Test func `accuracy needs labels of as many classes as the model has`() throws {
    let command = [model("cnn"), "--dry-run", "--max-accuracy-drop", "1"]
    let none = try Command.run(command)
    #expect(none.status == 64)
    #expect(none.errors.contains("--accuracy-data"))
    let others = try Command.run(
      command + ["--accuracy-data", Fixture.path("finetune/flowers")])
    #expect(others.status == 64)
    #expect(others.errors.contains("classes"))
  }
}
