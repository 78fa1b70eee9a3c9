import ECDiagnostics
import ECKeras
import Testing

@Test func `every error is worded`() {
  let renderer = Renderer(colour: false)
  let text = KerasError.samples.map { renderer.render($0) }.joined(separator: "\n")
  #expect(text == golden)
}

private let golden = #"""
  error: model.h5: no such file
  error: model.h5: the file is cut short (eof = 4096, stored_eof = 8192)
    to fix: get the file again; this copy is incomplete
  error: model.h5: a .keras archive that is damaged
    to fix: get the file again; this copy is incomplete
  error: model.h5: a TensorFlow SavedModel, which isn't read
    to fix: load it with Keras and save it with model.save("model.keras")
  error: model.h5: a PyTorch file, which isn't read
    to fix: export the original model to ONNX or Keras
  error: model.h5: a zip archive, but not of Keras
  error: model.h5: a folder, expected a model file
  error: model.h5: a TensorFlow Lite model, which isn't read
    to fix: export the original model to ONNX or Keras
  error: model.h5: only the pointer of a file kept with git LFS
    to fix: run 'git lfs pull'
  error: model.h5: a web page, expected a model file
    to fix: get the file again; this copy isn't the model
  error: model.h5: an empty file
    to fix: get the file again; this copy isn't the model
  error: model.h5: not an HDF5 file
  error: model.h5: the archive is cut short or damaged (Not a zip archive)
    to fix: get the file again; this copy is incomplete
  error: model.h5: holds the weights of 16 layers, but not the model they belong to
    to fix: these look like weights of VGG16: try --arch VGG16; else write model.to_json() to a \#
  file and give it with --arch FILE.json, or save the whole model with model.save("model.keras")
  error: model.h5: holds the weights of 16 layers, but not the model they belong to
    to fix: give --arch NAME for a model of keras.applications ('ecconvert architectures'); else \#
  write model.to_json() to a file and give it with --arch FILE.json, or save the whole model with \#
  model.save("model.keras")
  error: model.h5: a .keras archive whose weights are spread over several files, which isn't read
    to fix: save the model without max_shard_size
  error: model.h5: has an architecture of its own, and 'VGG16' was given
    to fix: leave --arch out
  error: model.h5: 3 weights don't fit the architecture
    missing in the file: 'conv1/bias'
    only in the file: 'layers/dense_1'
    'conv1/kernel': shape is [3, 3, 3, 8] in the file, expected [3, 3, 3, 16]
    to fix: give the architecture that these weights were saved from
  error: model.h5: 30 weights don't fit the architecture
    missing in the file: 'conv0'
    missing in the file: 'conv1'
    missing in the file: 'conv2'
    missing in the file: 'conv3'
    missing in the file: 'conv4'
    missing in the file: 'conv5'
    missing in the file: 'conv6'
    missing in the file: 'conv7'
    missing in the file: 'conv8'
    missing in the file: 'conv9'
    missing in the file: 'conv10'
    missing in the file: 'conv11'
    missing in the file: 'conv12'
    missing in the file: 'conv13'
    missing in the file: 'conv14'
    missing in the file: 'conv15'
    missing in the file: 'conv16'
    missing in the file: 'conv17'
    missing in the file: 'conv18'
    missing in the file: 'conv19'
    missing in the file: 'conv20'
    missing in the file: 'conv21'
    missing in the file: 'conv22'
    missing in the file: 'conv23'
    and 6 more
    to fix: give the architecture that these weights were saved from
  error: model.h5: a weight doesn't fit the architecture
    only in the file: 'dense'
    to fix: give the architecture that these weights were saved from
  error: model.h5: an HDF5 file, but not of Keras; it holds 'images', 'labels'
  error: model.h5: an HDF5 file without content
  error: model.h5: the architecture isn't JSON: a colon is missing at byte 17
    to fix: save the model again; this file is damaged
  error: model.h5: 'layers' is missing
  error: model.h5: 'MyModel' is a subclassed model, whose architecture is Python code
    to fix: rebuild the model with the functional API and save it again
  error: model.h5 › layer 'base/conv1': refers to result 0 of call 1 of layer 'conv0', which \#
  doesn't exist
  error: model.h5: layers read each other in a circle: 'conv1', 'add'
  error: model.h5 › layer 'base/conv1': the model is called with 1 tensors, expected 2
  error: model.h5: 3 layers can't be read
    Lambda (Python code): 'scale'
    Pkg>Gate (a custom class): 'a/gate', 'b/gate'
    to fix: Python code isn't run; build the model with Keras layers instead of Lambda and save \#
  it again
  error: model.h5: 1 layer can't be read
    Pkg>Gate (a custom class): 'gate'
    to fix: code of custom classes isn't known here; build the model with Keras layers and save \#
  it again
  error: model.h5: 27 layers can't be read
    LSTM: 'lstm_1', 'lstm_2', 'lstm_3', 'lstm_4', 'lstm_5', 'lstm_6', 'lstm_7', 'lstm_8', \#
  'lstm_9', 'lstm_10', 'lstm_11', 'lstm_12', 'lstm_13', 'lstm_14', 'lstm_15', 'lstm_16', \#
  'lstm_17', 'lstm_18', 'lstm_19', 'lstm_20', 'lstm_21', 'lstm_22', 'lstm_23', 'lstm_24' and 2 more
    operation Einsum: 'einsum'
    to fix: 'ecconvert operators' lists what can be read
  error: model.h5: 1 layer can't be read
    Dense with dtype 'int8': 'dense'
    to fix: save the model before it is quantized
  error: model.h5 › layer 'base/conv1': incomplete file: the weights of this layer are missing
    to fix: save the model again; this file is damaged
  error: model.h5 › layer 'base/conv1': incomplete file: 'conv1/kernel:0' is listed but missing
    to fix: save the model again; this file is damaged
  error: model.h5 › layer 'base/conv1': the file has 1 weight, expected 2
    expected: 'kernel', 'bias'
    found: 'conv1/kernel:0'
  error: model.h5 › layer 'base/conv1': the file has 0 weights, expected 1
    expected: 'kernel'
    found: none
  error: model.h5 › layer 'base/conv1': weight 'kernel': shape is [3, 3, 3, 8], expected [3, 3, \#
  3, 16]
  error: 2 operators can't be said in Keras
    Erf 'gelu/erf'
    Sin 'phase'
    to fix: write ONNX (-o model.onnx), which has them all
  error: model.h5: writing failed (No space left on device)
  error: model.h5: can't be created (No space left on device)
  error: model.h5: 1 layer can't be written any more
    'mix' (EinsumDense): its size has changed
    to fix: write ONNX (-o model.onnx), or leave the layers that feed these alone with --exclude
  error: model.h5: the model is in the words of Keras 1, and not all of it can be said in today's
    'merge_1': it is called with arguments besides its tensors
    to fix: write ONNX (-o model.onnx)
  """#
