import ECTestSupport
import Testing

import ECFineTune

@Suite struct FeatureStoreTests {
  @Test func `rows are there again when the file is opened again, and gone for another network`()
    throws
  {
    let folder = Fixture.temporaryFolder()
    defer { Fixture.removeFolder(folder) }
    let path = folder + "/features"
    let row: [Float] = [1, 2, 3]
    do {
      let store = try FeatureStore(path: path, fingerprint: 5, count: 4, width: 3)
      #expect(store[2] == .missing)
      row.withUnsafeBufferPointer { store.set(2, $0) }
      store.setBroken(1)
    }
    let again = try FeatureStore(path: path, fingerprint: 5, count: 4, width: 3)
    #expect(again[2] == .done && again[1] == .broken && again[0] == .missing)
    #expect(again.rows([2, 2]) == row + row)
    let other = try FeatureStore(path: path, fingerprint: 6, count: 4, width: 3)
    #expect(other[2] == .missing)
  }
}
