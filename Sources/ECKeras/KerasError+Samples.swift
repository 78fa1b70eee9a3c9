import ECArchive
import ECDiagnostics
import ECGraph
import ECHDF5

extension KerasError {
  /// One error of each reason, for tests of the words.
  public static let samples: [KerasError] = {
    let file = Place.file("model.h5")
    let layer = file.appending(.layer("base/conv1"))
    let kinds: [SourceKind] = [
      .kerasArchive, .savedModel, .torchArchive, .zip, .folder, .tensorFlowLite, .gitPointer,
      .webPage, .empty, .other,
    ]
    return [
      KerasError(HDF5Error(.noSuchFile, at: file)),
      KerasError(HDF5Error(.truncated("eof = 4096, stored_eof = 8192"), at: file)),
    ] + kinds.map { KerasError(.otherFile($0), at: file) } + [
      KerasError(ArchiveError(.damaged("Not a zip archive"), at: file)),
      KerasError(.weightsOnly(groupCount: 16, family: "VGG16"), at: file),
      KerasError(.weightsOnly(groupCount: 16, family: nil), at: file),
      KerasError(.sharded, at: file),
      KerasError(.hasArchitecture(given: "VGG16"), at: file),
      KerasError(
        .weightMismatch([
          .missing("conv1/bias"), .extra("layers/dense_1"),
          .shape("conv1/kernel", found: [3, 3, 3, 8], expected: [3, 3, 3, 16]),
        ]), at: file),
      KerasError(.weightMismatch((0..<30).map { .missing("conv\($0)") }), at: file),
      KerasError(.weightMismatch([.extra("dense")]), at: file),
      KerasError(.unknownContent(members: ["images", "labels"]), at: file),
      KerasError(.unknownContent(members: []), at: file),
      KerasError(.badJSON("a colon is missing", offset: 17), at: file),
      KerasError(.badConfig("'layers' is missing"), at: file),
      KerasError(.notModel(className: "MyModel"), at: file),
      KerasError(.noSuchTensor(layer: "conv0", call: 1, result: 0), at: layer),
      KerasError(.cycle(["conv1", "add"]), at: file),
      KerasError(.inputCount(expected: 2, found: 1), at: layer),
      KerasError(
        .unsupported([
          UnsupportedLayer(className: "Lambda", kind: .lambda, layers: ["scale"]),
          UnsupportedLayer(className: "Pkg>Gate", kind: .custom, layers: ["a/gate", "b/gate"]),
        ]), at: file),
      KerasError(
        .unsupported([
          UnsupportedLayer(className: "Pkg>Gate", kind: .custom, layers: ["gate"])
        ]), at: file),
      KerasError(
        .unsupported([
          UnsupportedLayer(
            className: "LSTM", kind: .layer, layers: (1...26).map { "lstm_\($0)" }),
          UnsupportedLayer(className: "Einsum", kind: .operation, layers: ["einsum"]),
        ]), at: file),
      KerasError(
        .unsupported([
          UnsupportedLayer(className: "Dense", kind: .quantized("int8"), layers: ["dense"])
        ]), at: file),
      KerasError(.missingGroup, at: layer),
      KerasError(.missingDataset("conv1/kernel:0"), at: layer),
      KerasError(.weightNames(expected: ["kernel", "bias"], found: ["conv1/kernel:0"]), at: layer),
      KerasError(.weightNames(expected: ["kernel"], found: []), at: layer),
      KerasError(
        .layer(FormatError(.weightShape("kernel", found: [3, 3, 3, 8], expected: [3, 3, 3, 16]))),
        at: layer),
      KerasError(.notExpressible(["Erf 'gelu/erf'", "Sin 'phase'"])),
      KerasError(
        writing: HDF5Error(
          .library(operation: "writing", message: "No space left on device"), at: file)),
      KerasError(writing: ArchiveError(.cannotCreate("No space left on device"), at: file)),
      KerasError(
        .unwritable([
          UnwritableLayer(layer: "mix", className: "EinsumDense", reason: "its size has changed")
        ]), at: file),
      KerasError(
        .oldDialect(["'merge_1': it is called with arguments besides its tensors"]), at: file),
    ]
  }()
}
