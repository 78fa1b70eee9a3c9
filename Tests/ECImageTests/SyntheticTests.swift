import ECImage
import Testing

@Suite struct SyntheticTests {
  @Test func `pictures are the same whatever the number of workers`() {
    let images = SyntheticImages(size: 24, seed: 7)
    let alone = images.images(count: 4, channels: 3, threads: 1)
    let together = images.images(count: 4, channels: 3, threads: 3)
    #expect(alone.map(\.samples) == together.map(\.samples))
    #expect(alone[1].samples == images.image(1, channels: 3).samples)
  }

  @Test func `pictures have the colours of photographs`() {
    for parity in 0...1 {
      var sums = [0.0, 0.0, 0.0]
      var squares = sums
      var count = 0.0
      for k in 0..<24 {
        let image = SyntheticImages(size: 24, seed: 1).image(2 * k + parity, channels: 3)
        for (j, sample) in image.samples.enumerated() {
          sums[j % 3] += Double(sample) / 255
          squares[j % 3] += Double(sample * sample) / 65025
        }
        count += 576
      }
      for (c, mean) in [0.485, 0.456, 0.406].enumerated() {
        let found = sums[c] / count
        #expect(abs(found - mean) < 0.08)
        let deviation = (squares[c] / count - found * found).squareRoot()
        #expect(deviation > 0.15 && deviation < 0.35)
      }
    }
  }

  @Test func `pink noise has little at high frequencies and leaves have edges`() {
    let images = SyntheticImages(size: 30, seed: 3)
    for k in 0..<2 {
      let samples = images.image(k, channels: 1).samples
      var near = 0.0
      var far = 0.0
      for y in 0..<30 {
        for x in 0..<15 {
          near += Double(abs(samples[y * 30 + x] - samples[y * 30 + x + 1]))
          far += Double(abs(samples[y * 30 + x] - samples[y * 30 + x + 15]))
        }
      }
      #expect(near < 0.75 * far)
    }
  }

  @Test func `another seed gives other pictures`() {
    let a = SyntheticImages(size: 16, seed: 1).image(0, channels: 1)
    let b = SyntheticImages(size: 16, seed: 2).image(0, channels: 1)
    #expect(a.samples != b.samples && a.samples.count == 256)
  }
}
