import ECConvert
import Testing

@Suite struct SummaryTests {
  @Test func `a name that is too long loses its middle`() {
    #expect(Inspection.fit("conv", 4) == "conv")
    #expect(Inspection.fit("features.0.conv", 7) == "fea…onv")
  }
}
