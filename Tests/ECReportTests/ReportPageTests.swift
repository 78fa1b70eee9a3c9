import ECDiagnostics
import ECGraph
import ECReport
import Testing

@Suite struct ReportPageTests {
  private func report(layer: String) throws -> FormatObject {
    let name = FormatValue.string(layer).json()
    let text = """
      {"tool": {"name": "ecconvert", "version": "1"},
       "input": {"path": "a/in.h5", "format": "keras-hdf5", "bytes": 2000, "parameters": 400, "macs": 0},
       "output": {"path": "out.onnx", "format": "onnx", "bytes": 1000, "parameters": 100, "macs": 0},
       "options": {"prune": 0.5, "exclude": ["a b", "it's"], "no-verify": true},
       "pruning": {"criterion": "paper", "repair": "bias",
         "groups": [{"id": 0, "channels": 4, "kept": [0, 2], "scores": [4, 1, 3, 2],
           "members": [{"layer": \(name), "axis": "output"}]}],
         "barriers": [{"layer": \(name), "reason": \(name), "channels": 3, "parameters": 9}]},
       "layers": [{"layer": \(name), "operators": "Conv", "macsBefore": 10, "macsAfter": 5,
         "shapeBefore": [null, 8, 8, 4], "shapeAfter": [null, 8, 8, 2]}],
       "finetune": {"classes": 2, "classNames": [\(name), "b"], "bestEpoch": null,
         "images": {"train": 8, "validation": 4, "test": 0, "broken": 0},
         "trainLayers": "last:3", "optimizer": "sgd",
         "classifierAlone": {"loss": 0.5, "accuracy": 0.75, "validationAccuracy": 0.5},
         "validation": {"accuracy": 0.75, "confusion": [[2, 0], [1, 1]]},
         "epochs": [{"loss": 2, "accuracy": 0.25}, {"loss": 1, "accuracy": 0.5}]},
       "stages": [{"name": "import", "seconds": 0.25}], "warnings": [\(name)]}
      """
    return try #require(try FormatValue(json: Array(text.utf8)).object)
  }

  @Test func `a page tells what the report tells`() throws {
    let html = ReportPage(try report(layer: "conv1")).html
    for words in [
      "in.h5 → out.onnx", "25.0 %", "400 → 100", "2.0 kB → 1.0 kB", "8×8×4 → 8×8×2",
      "Not verified.",
      "ecconvert a/in.h5 --prune 0.5 --exclude &#39;a b&#39;", "--no-verify -o out.onnx",
      "Loss over 2 epochs: training 2 to 1", "\"scores\":[4,1,3,2]",
      "2 classes, from 8 images; 4 for validation", "Trained: last:3, by sgd.",
      "Kept: the classifier alone", "validation images were taken for; 75.0 %",
    ] { #expect(html.contains(words), "\(words)") }
  }

  @Test func `names can't break out of the page`() throws {
    let hostile = "</script><img src=x onerror=\"alert(1)\">"
    let html = ReportPage(try report(layer: hostile)).html
    #expect(!html.contains("<img"))
    #expect(html.split(separator: "</script>").count == 3)
  }

  @Test func `a report of a conversion only makes a page too`() {
    let html = ReportPage(["input": .object(["path": .string("a.h5")])]).html
    #expect(html.contains("(nothing written)"))
    #expect(!html.contains("Channel groups"))
  }

  @Test(arguments: [
    (0, "0"), (1.5, "1.5"), (0.001234, "0.00123"), (3.333e-7, "3.33e-7"), (1_234_567, "1.23e6"),
    (12345, "12300"), (-0.5, "-0.5"),
  ]) func `numbers have three digits`(value: Double, text: String) {
    #expect(Quantity.short(value) == text)
  }
}
