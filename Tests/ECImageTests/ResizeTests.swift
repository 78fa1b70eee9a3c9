import ECImage
import Testing

@Suite struct ResizeTests {
  private let ramp = FloatImage(
    Picture(width: 4, height: 1, channels: 1, pixels: [0, 40, 80, 120]))

  @Test func `bilinear takes pixels at their centres`() {
    #expect(ramp.resized(width: 2, height: 1).samples == [20, 100])
    #expect(ramp.resized(width: 8, height: 1).samples == [0, 10, 30, 50, 70, 90, 110, 120])
  }

  @Test func `nearest and area agree with their definitions`() {
    #expect(ramp.resized(width: 2, height: 1, .nearest).samples == [40, 120])
    #expect(ramp.resized(width: 2, height: 1, .area).samples == [20, 100])
    #expect(ramp.resized(width: 1, height: 2, .area).samples == [60, 60])
  }

  @Test func `no interpolation changes an even picture`() {
    let even = FloatImage(
      Picture(width: 5, height: 3, channels: 3, pixels: [UInt8](repeating: 77, count: 45)))
    for kind in Interpolation.allCases {
      let samples = even.resized(width: 7, height: 2, kind).samples
      #expect(samples.count == 42 && samples.allSatisfy { abs($0 - 77) < 1e-4 })
    }
  }

  @Test func `the middle is cut out to the wanted proportion`() {
    let part = ramp.croppedToAspectRatio(width: 2, height: 1)
    #expect(part.width == 2 && part.samples == [40, 80])
  }

  @Test func `preprocessing follows keras applications`() {
    let pixel = FloatImage(Picture(width: 1, height: 1, channels: 3, pixels: [255, 0, 51]))
    #expect(pixel.preprocessed(.tf).samples == [1, -1, -0.6])
    #expect(pixel.preprocessed(.unit).samples == [1, 0, 0.2])
    #expect(pixel.preprocessed(.caffe).samples == [51 - 103.939, -116.779, 255 - 123.68])
    #expect(abs(pixel.preprocessed(.torch).samples[0] - 0.515 / 0.229) < 1e-6)
  }
}
