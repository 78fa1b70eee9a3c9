import ECGraph
import Testing

@testable import ECArchitectures

@Suite struct ArchitectureTests {
  @Test func `names of architectures are unique`() {
    #expect(Set(Architecture.all.map(\.name)).count == Architecture.all.count)
  }
}
