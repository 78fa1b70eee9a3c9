import ECGraph
import ECTensor

/// How a function of one operand is called and spelled: one case per function.
struct ActivationSpelling {
  /// The name shown to people.
  var name: String
  /// The parameters as text.
  var text = ""
  private var nodes: (Int) -> [FormatNode]

  func onnx(opset: Int) -> ExportedNodes {
    var exported = ExportedNodes()
    exported.nodes = nodes(opset)
    return exported
  }

  init(_ kind: UnaryKernel) {
    func one(_ type: String, _ attributes: FormatObject = [:]) -> (Int) -> [FormatNode] {
      { _ in [FormatNode(type, attributes: attributes, inputs: [.operand(0)])] }
    }
    func scalar(_ value: Float, _ suffix: String) -> FormatOperand {
      .matching(Tensor(scalar: value), suffix: suffix)
    }
    func timesOperand(_ first: @escaping (Int) -> [FormatNode]) -> (Int) -> [FormatNode] {
      { opset in
        let nodes = first(opset)
        return nodes + [FormatNode("Mul", inputs: [.operand(0), .intermediate(nodes.count - 1)])]
      }
    }
    nodes = { _ in [] }
    switch kind {
    case .relu: (name, nodes) = ("Relu", one("Relu"))
    case .leakyRelu(let slope):
      (name, text) = ("LeakyRelu", "slope=\(slope)")
      nodes = one("LeakyRelu", ["alpha": .float(Double(slope))])
    case .elu(let alpha):
      (name, text, nodes) = ("Elu", "alpha=\(alpha)", one("Elu", ["alpha": .float(Double(alpha))]))
    case .selu: (name, nodes) = ("Selu", one("Selu"))
    case .celu(let alpha):
      (name, text, nodes) = (
        "Celu", "alpha=\(alpha)", one("Celu", ["alpha": .float(Double(alpha))])
      )
    case .sigmoid: (name, nodes) = ("Sigmoid", one("Sigmoid"))
    case .hardSigmoid(let alpha, let beta):
      (name, text) = ("HardSigmoid", "alpha=\(alpha) beta=\(beta)")
      nodes = one("HardSigmoid", ["alpha": .float(Double(alpha)), "beta": .float(Double(beta))])
    case .hardSwish:
      name = "HardSwish"
      let gate = timesOperand(
        one("HardSigmoid", ["alpha": .float(1.0 / 6), "beta": .float(0.5)]))
      nodes = { $0 >= 14 ? [FormatNode("HardSwish", inputs: [.operand(0)])] : gate($0) }
    case .swish:
      name = "Swish"
      nodes = timesOperand(one("Sigmoid"))
    case .mish:
      name = "Mish"
      nodes = { opset in
        if opset >= 18 { return [FormatNode("Mish", inputs: [.operand(0)])] }
        return [
          FormatNode("Softplus", inputs: [.operand(0)]),
          FormatNode("Tanh", inputs: [.intermediate(0)]),
          FormatNode("Mul", inputs: [.operand(0), .intermediate(1)]),
        ]
      }
    case .tanh: (name, nodes) = ("Tanh", one("Tanh"))
    case .softplus: (name, nodes) = ("Softplus", one("Softplus"))
    case .softsign: (name, nodes) = ("Softsign", one("Softsign"))
    case .geluErf:
      name = "Gelu"
      nodes = { opset in
        if opset >= 20 { return [FormatNode("Gelu", inputs: [.operand(0)])] }
        return [
          FormatNode("Div", inputs: [.operand(0), scalar(Float(2).squareRoot(), "sqrt2")]),
          FormatNode("Erf", inputs: [.intermediate(0)]),
          FormatNode("Add", inputs: [.intermediate(1), scalar(1, "one")]),
          FormatNode("Mul", inputs: [.operand(0), .intermediate(2)]),
          FormatNode("Mul", inputs: [.intermediate(3), scalar(0.5, "half")]),
        ]
      }
    case .geluTanh:
      name = "GeluTanh"
      nodes = { opset in
        if opset >= 20 {
          return [
            FormatNode("Gelu", attributes: ["approximate": .string("tanh")], inputs: [.operand(0)])
          ]
        }
        return [
          FormatNode("Mul", inputs: [.operand(0), .operand(0)]),
          FormatNode("Mul", inputs: [.intermediate(0), .operand(0)]),
          FormatNode("Mul", inputs: [.intermediate(1), scalar(0.044715, "cubic")]),
          FormatNode("Add", inputs: [.operand(0), .intermediate(2)]),
          FormatNode("Mul", inputs: [.intermediate(3), scalar(0.797_884_56, "scale")]),
          FormatNode("Tanh", inputs: [.intermediate(4)]),
          FormatNode("Add", inputs: [.intermediate(5), scalar(1, "one")]),
          FormatNode("Mul", inputs: [.operand(0), .intermediate(6)]),
          FormatNode("Mul", inputs: [.intermediate(7), scalar(0.5, "half")]),
        ]
      }
    case .clip(let low, let high):
      (name, text) = ("Clip", "low=\(low) high=\(high)")
      nodes = { opset in
        var clip = FormatNode("Clip", inputs: [.operand(0)])
        if opset >= 11 {
          clip.inputs.append(low == -.infinity ? .absent : scalar(low, "min"))
          clip.inputs.append(high == .infinity ? .absent : scalar(high, "max"))
        } else {
          if high < .infinity { clip.attributes["max"] = .float(Double(high)) }
          if low > -.infinity { clip.attributes["min"] = .float(Double(low)) }
        }
        return [clip]
      }
    case .exp: (name, nodes) = ("Exp", one("Exp"))
    case .log: (name, nodes) = ("Log", one("Log"))
    case .sqrt: (name, nodes) = ("Sqrt", one("Sqrt"))
    case .abs: (name, nodes) = ("Abs", one("Abs"))
    case .negate: (name, nodes) = ("Neg", one("Neg"))
    case .reciprocal: (name, nodes) = ("Reciprocal", one("Reciprocal"))
    case .erf: (name, nodes) = ("Erf", one("Erf"))
    case .floor: (name, nodes) = ("Floor", one("Floor"))
    case .ceil: (name, nodes) = ("Ceil", one("Ceil"))
    case .round: (name, nodes) = ("Round", one("Round"))
    case .sign: (name, nodes) = ("Sign", one("Sign"))
    case .sin: (name, nodes) = ("Sin", one("Sin"))
    case .cos: (name, nodes) = ("Cos", one("Cos"))
    case .linear(let scale, let shift):
      (name, text) = ("Linear", "scale=\(scale) shift=\(shift)")
      nodes = { _ in
        var nodes: [FormatNode] = []
        if scale != 1 || shift == 0 {
          nodes.append(FormatNode("Mul", inputs: [.operand(0), scalar(scale, "scale")]))
        }
        if shift != 0 {
          let x: FormatOperand = nodes.isEmpty ? .operand(0) : .intermediate(0)
          nodes.append(FormatNode("Add", inputs: [x, scalar(shift, "shift")]))
        }
        return nodes
      }
    case .thresholdedRelu(let alpha):
      (name, text) = ("ThresholdedRelu", "alpha=\(alpha)")
      nodes = one("ThresholdedRelu", ["alpha": .float(Double(alpha))])
    case .softShrink(let bound):
      (name, text) = ("SoftShrink", "bound=\(bound)")
      nodes = one("Shrink", ["lambd": .float(Double(bound)), "bias": .float(Double(bound))])
    case .hardShrink(let bound):
      (name, text) = ("HardShrink", "bound=\(bound)")
      nodes = one("Shrink", ["lambd": .float(Double(bound)), "bias": .float(0)])
    }
  }
}
