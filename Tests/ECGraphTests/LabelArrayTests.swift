import ECGraph
import Testing

private let matrix = LabelArray(shape: [1, 2, 3], ids: [1, 2, 3, 4, 5, 6])

@Test func `labels move as data does`() {
  #expect(matrix.permuted([0, 2, 1]).ids == [1, 4, 2, 5, 3, 6])
  #expect(matrix.gathered(axis: 2, [2, 0]).ids == [3, 1, 6, 4])
  #expect(LabelArray.along(axis: 1, rank: 3, [7, 8]).expanded(to: [1, 2, 2]).ids == [7, 7, 8, 8])
}

@Test func `axes along which labels are the same are dropped`() {
  let spelled = LabelArray(shape: [1, 2, 2], ids: [7, 7, 8, 8])
  #expect(spelled.compressed() == LabelArray(shape: [1, 2, 1], ids: [7, 8]))
  #expect(matrix.compressed() == matrix)
}

@Test func `joined labels stand one behind the other`() {
  let joined = LabelArray.concatenated(
    [LabelArray(shape: [1, 2], ids: [1, 2]), LabelArray(shape: [1, 1], ids: [0])], axis: 1)
  #expect(joined == LabelArray(shape: [1, 3], ids: [1, 2, 0]))
}

@Test func `a vector exists only where labels vary along one axis`() {
  #expect(matrix.vector(axis: 2, count: 3) == nil)
  #expect(LabelArray.along(axis: 1, rank: 4, [3, 4]).vector(axis: 1, count: 2) == [3, 4])
  #expect(LabelArray.none(rank: 4).vector(axis: 1, count: 2) == [0, 0])
}

@Test func `sets of atoms join transitively`() {
  var sets = UnionFind()
  let atoms = sets.make(5)
  sets.unite(atoms[0], atoms[1])
  sets.unite(atoms[3], atoms[4])
  sets.unite(atoms[4], atoms[1])
  #expect(sets.find(atoms[3]) == sets.find(atoms[0]))
  #expect(sets.find(atoms[2]) == atoms[2])
}
