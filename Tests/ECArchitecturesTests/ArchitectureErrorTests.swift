import ECArchitectures
import ECDiagnostics
import Testing

@Test func `every error of an architecture is worded`() {
  let renderer = Renderer(colour: false)
  let text = ArchitectureError.samples.map { renderer.render($0) }.joined(separator: "\n")
  #expect(text == golden)
}

private let golden = #"""
  error: --arch: there is no architecture 'resnet5'
    to fix: did you mean ResNet50?
  error: --arch: there is no architecture 'vit'
    to fix: 'ecconvert architectures' lists them
  error: --arch: there is no option 'width'
    to fix: options are alpha, classes, top, pooling, size, preprocessing, minimalistic, imagenet, \#
  activation, names
  error: --arch: top='maybe' makes no sense, expected yes or no
  error: --arch: VGG16 has no option 'alpha'
  error: --arch: pooling takes the place of the classifier, but top=yes asks for it
    to fix: give top=no, or no pooling
  error: --arch: the weights of VGG16 depend on the size of the images, so it can't be left open
    to fix: give size=224, or another side
  error: --arch: Xception takes images of at least 71 pixels, not 64
  error: model.weights.h5: the weights aren't those of VGG16: 1 layer differs
    layer 'fc1' has no weights in the file
    to fix: give the architecture that the weights were saved from, or its model.to_json() in a file
  error: model.weights.h5: the weights aren't those of VGG16: 14 layers differ
    layer 'conv1' has no weights in the file
    layer 'conv2' has no weights in the file
    layer 'conv3' has no weights in the file
    layer 'conv4' has no weights in the file
    layer 'conv5' has no weights in the file
    layer 'conv6' has no weights in the file
    layer 'conv7' has no weights in the file
    layer 'conv8' has no weights in the file
    layer 'conv9' has no weights in the file
    layer 'conv10' has no weights in the file
    layer 'conv11' has no weights in the file
    layer 'conv12' has no weights in the file
    and 2 more
    to fix: give --arch ResNet50 or ResNet101, which the weights look like
  error: model.weights.h5: the weights are those of ResNet50 in Keras before 2.3, where epsilon is \#
  1e-3
    to fix: give --arch model.json with the model.to_json() of the release that they are used with
  error: model.weights.h5: the weights don't tell whether this EfficientNetB0 was made with \#
  weights="imagenet"
    to fix: say imagenet=yes or imagenet=no
  """#
