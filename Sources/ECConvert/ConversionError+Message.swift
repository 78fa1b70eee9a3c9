extension ConversionFault {
  public var what: String {
    switch reason {
    case .cannotRead(let message, _): message
    case .unknownFormat(let found): "not a model that is read: \(found)"
    case .foreignFormat(.savedModel): "a TensorFlow SavedModel folder, which isn't read"
    case .foreignFormat(.folder): "a folder, not a model"
    case .foreignFormat(.tensorFlowLite): "a TensorFlow Lite file, which isn't read"
    case .foreignFormat(.safetensors):
      "a safetensors file, which holds weights without an architecture"
    case .foreignFormat(.pickle): "a Python pickle, such as old PyTorch files, which is never run"
    case .unknownOutput(let ext):
      ext.isEmpty ? "the output has no extension" : "'.\(ext)' is no format that is written"
    case .outputExists: "the output exists"
    case .cannotWrite(let message): "can't be written: \(message)"
    case .differs(let output, let difference, let relative, let tolerance):
      "output '\(output)' differs from the reference by \(Quantity.short(difference)) "
        + "(\(Quantity.short(relative)) of its largest magnitude), allowed is \(Quantity.short(tolerance))"
    case .options(let words): words
    case .noSuchInput(let name, let inputs):
      "the model has no input '\(name)', it has \(inputs.map { "'\($0)'" }.joined(separator: ", "))"
    case .unnamedShape(let inputs):
      "the model has \(inputs.count) inputs, so a shape needs a name: "
        + inputs.map { "'\($0)'" }.joined(separator: ", ")
    case .shapeDoesNotFit(let shape, let input, let type):
      "\(shape) doesn't fit input '\(input)', which is \(type)"
    case .batchIsBaked(let from, let to, let relative):
      "the model is built for a batch of \(from): with \(to) it "
        + (relative.map {
          "computes something else (\(Quantity.short($0)) of the largest magnitude apart)"
        } ?? "can't be computed")
    case .batchUnproven(let node):
      "node '\(node)' is carried as it is and can't be run, so nothing shows that it does the same "
        + "with another batch"
    case .layoutUnknown(let input, let type):
      "input '\(input)' is \(type), and nothing says where its channels stand"
    case .badArchitecture(let found): "not the JSON of an architecture: \(found)"
    case .cannotRun(let words): "the source itself can't be run (\(words))"
    case .calibration(let words): words
    case .noLabels(let found):
      "'taylor' ranks channels by the loss on images whose classes are known, and "
        + (found.map { "'\($0)' tells none" } ?? "there are none")
    case .teacher(let words): words
    case .unreachable(let target, let least):
      "a target of \(target) can't be reached, the least is \(least)"
    case .accuracy(let allowed, let reachable):
      "the accuracy falls by more than \(Quantity.short(allowed)) points; reachable is \(reachable)"
    case .otherSensitivities(let isModel):
      isModel
        ? "it holds the sensitivities of another model"
        : "it holds sensitivities that were measured with other options"
    case .cannotMeasure(let words): "it can't be measured: \(words)"
    }
  }

  public var remedy: String? {
    switch reason {
    case .cannotRead(_, let isMissing): isMissing ? "check the path" : nil
    case .unknownFormat: "give a Keras .keras or .h5 file or an .onnx file"
    case .foreignFormat(.folder): "name one model; 'ecconvert batch' takes folders"
    case .foreignFormat: "export the original model to ONNX or Keras"
    case .unknownOutput: "name the output with .onnx, .h5 or .keras"
    case .outputExists: "give --force to replace it"
    case .cannotWrite: nil
    case .differs:
      "nothing was written; --rtol sets the tolerance, --force writes the result all the same"
    case .unnamedShape: "write NAME:1,3,224,224"
    case .shapeDoesNotFit: "only extents that the source leaves open, and the batch, can be fixed"
    case .batchIsBaked: "leave out --batch, or export the source with a dynamic batch"
    case .batchUnproven: "leave out --batch, or give --no-verify to change it without proof"
    case .layoutUnknown: "leave out --inputs-as-nchw or --inputs-as-nhwc"
    case .cannotRun: "give --no-verify to convert it all the same"
    case .badArchitecture: "write what model.to_json() gives to the file"
    case .noLabels:
      "give --finetune DIR, or --calibration with class folders, a table, or an .npz of 'x' and 'y'"
    case .teacher:
      "give the teacher a classifier for them first: ecconvert finetune TEACHER --data DIR -o OUT"
    case .unreachable:
      "raise the target, relax the floors and exclusions, or take the least with --best-effort"
    case .accuracy: "allow more, prune less, or take what is reachable with --best-effort"
    case .otherSensitivities: "name another file, or give --force to measure anew"
    case .options, .noSuchInput, .calibration, .cannotMeasure: nil
    }
  }
}
