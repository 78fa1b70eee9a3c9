import ECDiagnostics
import ECImage
import ECTestSupport
import Foundation
import Testing

/// Images and what TensorFlow and Keras made of them; see `tools/oracle/make_image_fixtures.py`.
@Suite struct DecodingTests {
  private static let names = [
    "colour.jpg", "progressive.jpg", "grey.jpg", "cmyk.jpg", "colour.png", "grey.png", "bits.png",
    "palette.png", "clear.png", "alpha.png", "deep.png", "deep-alpha.png",
  ]

  private func path(_ name: String) -> String { Fixture.root + "/fixtures/images/" + name }

  private func numbers(_ name: String, _ kind: String) throws -> [Float] {
    let file = path(name.replacingOccurrences(of: ".", with: "-") + "." + kind)
    let data = try Data(contentsOf: URL(fileURLWithPath: file))
    return data.withUnsafeBytes { bytes in
      (0..<bytes.count / 4).map { bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self) }
    }
  }

  private func difference(_ a: [Float], _ b: [Float]) -> Float {
    a.count == b.count ? zip(a, b).map { abs($0 - $1) }.max() ?? 0 : .infinity
  }

  @Test(arguments: names) func `pixels are those of TensorFlow`(_ name: String) throws {
    let picture = try Picture(contentsOf: path(name), channels: 3)
    #expect((picture.width, picture.height) == (38, 29))
    #expect(difference(picture.pixels.map { Float($0) }, try numbers(name, "decoded")) == 0)
  }

  @Test(arguments: names) func `loading is what Keras' dataset does`(_ name: String) throws {
    let image = try ImageLoader(width: 13, height: 11, channels: 3).image(path(name))
    #expect(difference(image.samples, try numbers(name, "bilinear")) < 1e-3)
  }

  @Test(arguments: Interpolation.allCases)
  func `every interpolation is TensorFlow's`(_ kind: Interpolation) throws {
    var loader = ImageLoader(width: 13, height: 11, channels: 3)
    loader.interpolation = kind
    let image = try loader.image(path("colour.png"))
    #expect(difference(image.samples, try numbers("colour.png", kind.rawValue)) < 2e-3)
  }

  @Test func `cropping is that of Keras' smart resize`() throws {
    var loader = ImageLoader(width: 13, height: 11, channels: 3)
    loader.cropsToAspectRatio = true
    let image = try loader.image(path("colour.png"))
    #expect(difference(image.samples, try numbers("colour.png", "cropped")) < 1e-3)
  }

  @Test func `one channel is the luminance`() throws {
    let grey = try Picture(contentsOf: path("colour.png"), channels: 1)
    let colour = try Picture(contentsOf: path("colour.png"), channels: 3)
    for k in grey.pixels.indices {
      let expected =
        0.299 * Double(colour.pixels[3 * k]) + 0.587 * Double(colour.pixels[3 * k + 1])
        + 0.114 * Double(colour.pixels[3 * k + 2])
      #expect(abs(Double(grey.pixels[k]) - expected) < 1.5)
    }
  }

  @Test(arguments: ["short.jpg", "short.png", "header.jpg", "text.jpg", "empty.png"])
  func `a broken file is an error that names it`(_ name: String) {
    let file = path("broken-" + name)
    let error = #expect(throws: ImageError.self) { try Picture(contentsOf: file, channels: 3) }
    #expect(error?.place == .file(file) && error?.what.isEmpty == false)
  }

  @Test func `a picture of too many pixels takes no memory`() {
    let file = Fixture.path("fuzz/images/huge.png")
    let error = #expect(throws: ImageError.self) { try Picture(contentsOf: file, channels: 3) }
    #expect(error?.what.contains("too many pixels") ?? false)
  }

  @Test func `a folder gives its images in order and broken ones are told`() throws {
    let folder = try ImageFolder(Fixture.root + "/fixtures/images")
    #expect(folder.paths.count == 17 && folder.paths == folder.paths.sorted())
    #expect(folder.shuffled(seed: 1) == folder.shuffled(seed: 1))
    #expect(folder.shuffled(seed: 1) != folder.shuffled(seed: 2))
    let loader = ImageLoader(width: 4, height: 4, channels: 3)
    let (images, broken) = loader.images(folder.paths, count: 9, threads: 2)
    #expect(images.count == 9 && broken.count == 5)
    #expect(loader.images(folder.paths, count: 100, threads: 1).images.count == 12)
  }

  @Test func `a folder without images and a missing one are errors`() {
    let empty = #expect(throws: ImageError.self) {
      try ImageFolder(Fixture.root + "/fixtures/hdf5")
    }
    #expect(empty?.reason == .noImages)
    let missing = #expect(throws: ImageError.self) {
      try ImageFolder(Fixture.root + "/fixtures/nowhere")
    }
    #expect(missing?.category == .missingInput)
  }

  @Test func `every reason has words`() {
    for reason in ImageError.Reason.samples { #expect(!ImageError(reason).what.isEmpty) }
  }
}
