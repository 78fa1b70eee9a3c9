import ECGraph
import ECPruning
import ECTensor
import Testing

/// The layers and channel counts of the prunable groups.
private func summary(_ groups: ChannelGroups) -> [String] {
  groups.prunable.map { "\($0.layers.joined(separator: "+")):\($0.channels)" }
}

struct ChannelGroupsTests {
  @Test func `a residual junction couples its producers`() throws {
    let groups = ChannelGroups(try Networks.bottleneck())
    #expect(summary(groups) == ["stem:8", "b1:4", "b2:4", "b3+proj+d3:12", "d1:4", "d2:4"])
    #expect(groups.prunableMACShare == 1)
    let classifier = groups.groups.first { $0.layers == ["logits"] }
    #expect(classifier?.isPrunable == false)
    #expect(classifier?.reasons == ["graph output"])
    #expect(groups.barriers.map(\.reason) == ["graph output"])
    #expect(groups.barriers.first?.channels == 5)
    #expect(groups.barriers.first?.parameters == 65)
  }

  @Test func `a gate is coupled with what it scales`() throws {
    let groups = ChannelGroups(try Networks.squeezeExcite())
    #expect(summary(groups) == ["stem+proj:6", "exp+se2:8", "se1:3"])
  }

  @Test func `joined channels stay apart`() throws {
    let groups = ChannelGroups(try Networks.dense())
    #expect(summary(groups) == ["stem:6", "g1:4", "g2:4", "tr:7"])
    let transition = groups.axes.first { $0.layer == "tr" && $0.role == .consumer }
    #expect(
      transition?.units.map { $0?.group } == [Int](repeating: 0, count: 6)
        + [Int](repeating: 1, count: 4) + [Int](repeating: 2, count: 4))
  }

  @Test func `a shuffle couples columns only`() throws {
    let graph = try Networks.shuffle()
    let groups = ChannelGroups(graph)
    #expect(summary(groups) == ["stem+q1+q2:8", "p1:4", "p2:4"])
    func units(_ layer: String) -> [Int?] {
      groups.axes.first { $0.layer == layer && $0.role == .producer }?.units.map { $0?.index } ?? []
    }
    #expect(units("stem") == [0, 1, 2, 3, 4, 5, 6, 7])
    #expect(units("q1") == [0, 1, 2, 3])
    #expect(units("q2") == [0, 0, 1, 1])
  }

  @Test func `groups of a convolution stay equal`() throws {
    let groups = ChannelGroups(try Networks.grouped())
    #expect(summary(groups) == ["a:4", "g:6", "e:6"])
  }

  @Test func `an input pins what it meets`() throws {
    var d = Drawing("input")
    let x = d.input([4, 4, 4])
    try d.head(d.node("Add", "sum", [x, d.conv(x, "c", 4)]))
    let groups = ChannelGroups(d.graph)
    #expect(groups.prunable.isEmpty)
    #expect(groups.prunableMACShare == 0)
    #expect(groups.barriers.contains { $0.layer == "sum" && $0.channels == 4 })
  }

  @Test func `readers of one kernel are coupled`() throws {
    var d = Drawing("shared")
    let stem = try d.conv(d.input([3, 4, 4]), "stem", 4)
    let kernel = d.weight("k", [4, 4, 1, 1])
    let a = try d.node("Conv", "a", [stem, kernel])
    let b = try d.node("Conv", "b", [d.node("Relu", "r", [a]), kernel])
    try d.head(b)
    #expect(summary(ChannelGroups(d.graph)) == ["stem+a+b:4"])
  }

  @Test func `a kernel that another node reads too must stay`() throws {
    var d = Drawing("shared")
    let x = d.input([3, 4, 4])
    let kernel = d.weight("k", [3, 3, 1, 1])
    let a = try d.node("Conv", "a", [x, kernel])
    try d.head(d.node("Relu", "r", [a]))
    d.graph.addOutput(try d.node("Relu", "peek", [kernel]))
    let groups = ChannelGroups(d.graph)
    #expect(groups.prunable.isEmpty)
    #expect(
      groups.barriers.first?.reason == "its weight is also read by a node that doesn't follow")
    #expect(groups.barriers.first?.layer == "peek")
  }

  @Test func `shared vectors are parted and their elements stay shared`() throws {
    var d = Drawing("vectors")
    let (ones, zeros) = (d.weight("ones", [4], in: 1...1), d.weight("zeros", [4], in: 0...0))
    let a = try d.conv(d.input([3, 4, 4]), "a", 4)
    let an = try d.node("BatchNormalization", "an", [a, ones, zeros, zeros, ones])
    let b = try d.conv(an, "b", 4)
    try d.head(d.node("BatchNormalization", "bn", [b, ones, zeros, zeros, ones]))
    #expect(summary(ChannelGroups(d.graph)) == ["a+b:4"])
    let report = try UnshareVectors().run(on: &d.graph)
    try d.graph.verify()
    #expect(report.changes == 6)
    #expect(summary(ChannelGroups(d.graph)) == ["a:4", "b:4"])
  }
}
