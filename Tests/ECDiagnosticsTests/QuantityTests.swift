import ECDiagnostics
import Testing

@Suite struct QuantityTests {
  @Test(arguments: [
    (0, "0"), (999, "999"), (1000, "1.0 k"), (1234, "1.23 k"), (12_345, "12.3 k"),
    (123_456, "123 k"), (999_400, "999 k"), (25_636_712, "25.6 M"),
    (4_089_184_256, "4.09 G"), (5_000_000_000_000_000, "5000 T"),
  ])
  func `numbers have three digits`(number: Int, text: String) {
    #expect(Quantity.count(number) == text)
  }

  @Test func `bytes have their unit`() {
    #expect(Quantity.bytes(17) == "17 B")
    #expect(Quantity.bytes(102_546_000) == "103 MB")
    #expect(Quantity.bytes(9_999) == "10.0 kB")
  }

  @Test func `numbers that are rounded up to a thousand take the next unit`() {
    #expect(Quantity.count(999_999) == "1.0 M")
  }
}
