import ECTestSupport
import Foundation
import Testing

/// What a dry run predicts is what the run then gives, to the byte.
@Suite struct DryRunTests {
  /// Small models of many kinds, and the options of a run.
  static let models = [
    "cli/cnn.h5", "cli/mlp.h5", "cli/cnn.keras", "keras/tiny_resnet_k3.h5", "keras/op_layers_k2.h5",
    "keras/multi_io_k3.h5", "keras/nested_twice_k3.h5", "gradients/inverted_batch.onnx",
    "gradients/concat.onnx", "gradients/residual_frozen.onnx",
  ]
  static let outputs: [(name: String, options: [String])] = [
    ("a.onnx", []), ("b.onnx", ["--dtype", "fp16"]), ("c.h5", []), ("d.keras", []),
    ("e.onnx", ["--external-data", "always"]),
  ]

  @Test(arguments: models) func `a dry run tells sizes exactly`(model: String) throws {
    try Command.inFolder { folder in
      for (output, options) in Self.outputs {
        let command =
          [
            Fixture.path(model), "--prune", "0.5", "--round-to", "1", "--threads", "1", "-o",
            output,
          ]
          + options
        let real = try Command.run(command + ["--report", "real.json"], in: folder)
        // What one format can't say, a dry run can't say either.
        let dry = try Command.run(
          command + ["--report", "dry.json", "--dry-run", "--force"], in: folder)
        #expect(dry.status == real.status, "\(output): \(real.errors) \(dry.errors)")
        guard real.status == 0 else { continue }
        let (found, predicted) = (
          try figures(folder + "/real.json"), try figures(folder + "/dry.json")
        )
        #expect(predicted == found, "\(output)")
        let written = ["\(output)", "\(output).data"].reduce(0) {
          $0 + (Fixture.bytes(folder + "/" + $1)?.count ?? 0)
        }
        #expect(predicted["bytes"] == written, "\(output)")
      }
    }
  }

  private func figures(_ path: String) throws -> [String: Int] {
    let data = Data(try #require(Fixture.bytes(path)))
    let report = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    let output = try #require(report["output"] as? [String: Any])
    return output.compactMapValues { $0 as? Int }
  }
}
