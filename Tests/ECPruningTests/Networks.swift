import ECGraph

/// The worked examples of the coupling rules, and a few more.
enum Networks {
  static func bottleneck() throws -> Graph {
    var d = Drawing("bottleneck")
    let stem = try d.block(d.input([3, 8, 8]), "stem", 8, size: 3)
    let b1 = try d.block(stem, "b1", 4)
    let b2 = try d.block(b1, "b2", 4, size: 3, stride: 2)
    let b3 = try d.norm(d.conv(b2, "b3", 12), "b3_bn")
    let short = try d.norm(d.conv(stem, "proj", 12, stride: 2), "proj_bn")
    let sum1 = try d.node("Relu", "r1", [d.node("Add", "sum1", [b3, short])])
    let d1 = try d.block(sum1, "d1", 4)
    let d2 = try d.block(d1, "d2", 4, size: 3)
    let d3 = try d.norm(d.conv(d2, "d3", 12), "d3_bn")
    try d.head(d.node("Relu", "r2", [d.node("Add", "sum2", [d3, sum1])]))
    return d.graph
  }

  static func squeezeExcite() throws -> Graph {
    var d = Drawing("mbconv")
    let stem = try d.block(d.input([3, 8, 8]), "stem", 6, size: 3)
    let exp = try d.block(stem, "exp", 8)
    let dw = try d.block(exp, "dw", 8, size: 3, group: 8)
    let pooled = try d.node("GlobalAveragePool", "se_pool", [dw])
    let se1 = try d.node("Relu", "se_relu", [d.conv(pooled, "se1", 3, bias: true)])
    let se2 = try d.node("Sigmoid", "se_gate", [d.conv(se1, "se2", 8, bias: true)])
    let scaled = try d.node("Mul", "se_mul", [se2, dw])
    let proj = try d.norm(d.conv(scaled, "proj", 6), "proj_bn")
    try d.head(d.node("Add", "sum", [proj, stem]))
    return d.graph
  }

  static func dense() throws -> Graph {
    var d = Drawing("densenet")
    let stem = try d.conv(d.input([3, 6, 6]), "stem", 6, size: 3)
    let n1 = try d.node("Relu", "n1_relu", [d.norm(stem, "n1")])
    let g1 = try d.conv(n1, "g1", 4, size: 3)
    let cat1 = try d.node("Concat", "cat1", [stem, g1], ["axis": .int(1)])
    let n2 = try d.node("Relu", "n2_relu", [d.norm(cat1, "n2")])
    let g2 = try d.conv(n2, "g2", 4, size: 3)
    let cat2 = try d.node("Concat", "cat2", [cat1, g2], ["axis": .int(1)])
    let nt = try d.node("Relu", "nt_relu", [d.norm(cat2, "nt")])
    try d.head(d.conv(nt, "tr", 7))
    return d.graph
  }

  static func flatten(channelsLast: Bool) throws -> Graph {
    var d = Drawing("flatten")
    let c1 = try d.node(
      "Relu", "r1", [d.conv(d.input([3, 4, 4]), "c1", 6, size: 3, stride: 2, bias: true)])
    let last =
      channelsLast
      ? try d.node("Transpose", "nhwc", [c1], ["perm": .list([0, 2, 3, 1].map { .int($0) })]) : c1
    let flat = try d.node("Flatten", "flat", [last], ["axis": .int(1)])
    let f1 = try d.node("Relu", "r2", [d.dense(flat, "f1", 10)])
    d.graph.addOutput(try d.dense(f1, "f2", 5))
    return d.graph
  }

  static func shuffle() throws -> Graph {
    var d = Drawing("shufflenet")
    var x = try d.block(d.input([3, 8, 8]), "stem", 8, size: 3)
    for unit in 1...2 {
      let a = try d.slice(x, "a\(unit)", 0..<4)
      let b = try d.slice(x, "b\(unit)", 4..<8)
      let p = try d.block(b, "p\(unit)", 4)
      let w = try d.norm(d.conv(p, "d\(unit)", 4, size: 3, group: 4), "d\(unit)_bn")
      let q = try d.block(w, "q\(unit)", 4)
      let cat = try d.node("Concat", "cat\(unit)", [a, q], ["axis": .int(1)])
      let split = try d.reshape(cat, "split\(unit)", [0, 2, 4, 8, 8])
      let swapped = try d.node(
        "Transpose", "swap\(unit)", [split], ["perm": .list([0, 2, 1, 3, 4].map { .int($0) })])
      x = try d.reshape(swapped, "shuffle\(unit)", [0, 8, 8, 8])
    }
    try d.head(x)
    return d.graph
  }

  static func grouped() throws -> Graph {
    var d = Drawing("grouped")
    let a = try d.block(d.input([3, 6, 6]), "a", 8, size: 3)
    let g = try d.block(a, "g", 12, size: 3, group: 2)
    let m = try d.block(g, "m", 24, size: 3, group: 12)
    try d.head(d.block(m, "e", 6))
    return d.graph
  }

  static func all() throws -> [Graph] {
    [
      try bottleneck(), try squeezeExcite(), try dense(), try flatten(channelsLast: false),
      try flatten(channelsLast: true), try shuffle(), try grouped(),
    ]
  }
}
