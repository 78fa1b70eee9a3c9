import ECDiagnostics
import ECGraph
import ECHDF5
import ECTensor

/// The weights of a model's layers, and what the file holds.
struct LoadedWeights {
  /// How the file orders its kernels.
  let kernelOrder: KernelOrder
  /// The weights by the layer's id and the name that its rule uses.
  private(set) var tensors: [Int: [String: Tensor]] = [:]
  /// What the file holds, in its order, with the ids of the layers that own it.
  private(set) var groups: [(group: KerasModel.StoredGroup, owners: [Int?])] = []
  /// Remarks for the user.
  var notes: [String] = []

  init(kernelOrder: KernelOrder) {
    self.kernelOrder = kernelOrder
  }

  /// Takes the weights of one group of a file.
  /// - Parameters:
  ///   - path: the group's path in the file.
  ///   - slots: the owner of each name; `nil` for those that aren't read.
  mutating func take(
    _ names: [WeightName], of group: String, at path: String, owners: [WeightAssignment.Owner],
    slots: [WeightAssignment.Slot?], from file: inout WeightFile
  ) throws(KerasError) {
    var weights: [KerasModel.StoredWeight] = []
    for (stored, slot) in zip(names, slots) {
      let dataset = path.isEmpty ? stored.text : "\(path)/\(stored.text)"
      let description: DatasetDescription
      do {
        description = try file.description(dataset)
      } catch {
        guard case .missingDataset = error.reason else { throw error }
        throw KerasError(.missingDataset(stored.text), at: .layer(group))
      }
      let owner = slot.map { owners[$0.owner] }
      let weight = slot.flatMap { owner?.expected[$0.weight].name }
      if let owner, let weight {
        let tensor = try file.tensor(dataset, description)
        tensors[owner.layer.id, default: [:]][weight] = kernelOrder.today(
          tensor, weight: weight, of: owner.layer)
      }
      weights.append(
        KerasModel.StoredWeight(
          name: stored.text, layer: owner?.layer.path, weight: weight, initializers: [:],
          shape: description.shape, elementType: description.elementKind.elementType))
    }
    groups.append(
      (
        KerasModel.StoredGroup(name: group, weights: weights),
        slots.map { $0.map { owners[$0.owner].layer.id } }
      ))
  }
}

extension OperatorTable {
  /// The layers of a layer or nested model that own weights.
  func owners(of layer: LayerSource, _ dialect: KerasDialect) -> [WeightAssignment.Owner] {
    (layer.model?.leaves ?? [layer]).compactMap { leaf in
      let expected = weightNames(of: leaf, dialect)
      return expected.isEmpty ? nil : WeightAssignment.Owner(layer: leaf, expected: expected)
    }
  }

  /// The weights that a layer owns, in creation order.
  func weightNames(of layer: LayerSource, _ dialect: KerasDialect) -> [KerasWeightName] {
    guard let rule = keras[layer.ruleName] else { return [] }
    return rule.weights(
      KerasLayer(
        name: layer.path, className: layer.ruleName, config: layer.config, dialect: dialect))
  }
}
