import ECDiagnostics
public import ECGraph

/// Says a Keras model whose graph was changed in the words of its file again.
///
/// Names, configuration, preprocessing, policies and nesting stay; sizes follow the graph. A layer
/// that nothing changed keeps its weights to the bit. What only acts in training, and vanished from
/// the graph, stays too. The training state is dropped: it doesn't fit any more.
public struct KerasExporter: Sendable {
  private let table: OperatorTable

  /// What a file of Keras may be.
  public enum Container: Sendable {
    /// A legacy HDF5 file.
    case hdf5
    /// A `.keras` archive.
    case archive
  }

  /// A model to be written, and what there is to say about it.
  public struct Result: Sendable {
    /// The model.
    public let document: KerasDocument
    /// Remarks for the user, each a clause without a full stop.
    public let notes: [String]
  }

  /// Makes an exporter that knows the layers of a table.
  public init(table: OperatorTable) {
    self.table = table
  }

  /// The model of `source`, whose graph became `graph` by changes that keep its nodes.
  ///
  /// An HDF5 file gets the words that Keras 2 (tf-keras) and Keras 3 both load, if every layer has
  /// them; so does an archive of a model of Keras 2. Otherwise the words stay those of the source.
  /// - Throws: `KerasError.unwritable` with all layers that can't be said.
  public func document(
    _ source: KerasModel, as graph: Graph, in container: Container
  ) throws(KerasError) -> Result {
    let forms = LayerForms(table: table, model: source, slim: graph)
    let model = source.record.model
    let written = try written(model, forms)
    if container == .hdf5 || source.dialect < .keras3 {
      var common = CommonSpelling(forms: forms, table: table, written: written)
      if let (architecture, layers) = common.document(source.config, of: model) {
        return Result(
          document: self.common(architecture, layers, model, source, container), notes: [])
      }
      let obstacles = common.obstacles
      if source.dialect == .keras1 {
        throw KerasError(.oldDialect(obstacles.map { "'\($0.layer)': \($0.words)" }))
      }
      return Result(
        document: try own(source, model, forms, written, container),
        notes: [Self.note(obstacles, source.dialect, container)])
    }
    return Result(document: try own(source, model, forms, written, container), notes: [])
  }

  /// The forms of all layers that aren't models, by id.
  private func written(_ model: ModelSource, _ forms: LayerForms) throws(KerasError)
    -> [Int: KerasForm]
  {
    var written: [Int: KerasForm] = [:]
    var refused: [UnwritableLayer] = []
    for layer in model.leaves {
      do throws(FormatError) {
        var form = try forms.form(of: layer)
        if layer.declaredClass == TensorFlowOp.className { TensorFlowOp.keepConstants(&form) }
        _ = try forms.weights(of: layer, form)
        written[layer.id] = form
      } catch {
        refused.append(
          UnwritableLayer(
            layer: layer.path, className: layer.declaredClass, reason: error.what))
      }
    }
    if !refused.isEmpty { throw KerasError(.unwritable(refused)) }
    return written
  }

  // MARK: In common words

  private func common(
    _ architecture: FormatObject, _ layers: [KerasDocument.Layer], _ model: ModelSource,
    _ source: KerasModel, _ container: Container
  ) -> KerasDocument {
    var architecture = architecture
    if container == .archive {
      // Both generations find these names, and make a functional model of a model with layers.
      architecture["module"] = .string("keras")
      architecture["class_name"] = .string(model.isSequential ? "Sequential" : "Model")
      architecture["registered_name"] = architecture["class_name"]
    }
    let version = source.version.flatMap { $0.hasPrefix("2.") ? $0 : nil } ?? "2.15.0"
    return KerasDocument(
      architecture: .object(architecture), version: version, backend: "tensorflow",
      layers: layers)
  }

  private static func note(
    _ obstacles: [CommonSpelling.Obstacle], _ dialect: KerasDialect, _ container: Container
  ) -> String {
    let shown = obstacles.prefix(3).map { "'\($0.layer)': \($0.words)" }.joined(separator: "; ")
    let more = obstacles.count > 3 ? "; and \(obstacles.count - 3) more" : ""
    return dialect == .keras3
      ? "written for Keras 3, tf-keras can't load it (\(shown)\(more))"
      : "written for tf-keras, Keras 3 may not load it (\(shown)\(more))"
  }

  // MARK: In the source's words

  private func own(
    _ source: KerasModel, _ model: ModelSource, _ forms: LayerForms, _ written: [Int: KerasForm],
    _ container: Container
  ) throws(KerasError) -> KerasDocument {
    let spelling = SourceSpelling(forms: forms, dialect: source.dialect, written: written)
    var architecture = spelling.architecture(source.config, of: model)
    if container == .archive, var object = architecture.object, object["module"] == nil {
      if model.isSequential {
        object["module"] = .string("keras")
        object["registered_name"] = .null
      } else {
        let isVersion3 = source.dialect == .keras3
        object["class_name"] = .string("Functional")
        object["module"] = .string("keras.src.\(isVersion3 ? "models" : "engine").functional")
        object["registered_name"] = .string("Functional")
      }
      architecture = .object(object)
    }
    let standard = source.dialect == .keras3 ? "3.0.0" : "2.15.0"
    return KerasDocument(
      architecture: architecture, version: source.version ?? standard,
      backend: source.backend ?? "tensorflow", layers: try layers(of: model, forms, written))
  }

  private func layers(
    of model: ModelSource, _ forms: LayerForms, _ written: [Int: KerasForm]
  ) throws(KerasError) -> [KerasDocument.Layer] {
    var layers: [KerasDocument.Layer] = []
    // Keras 3 keeps operations apart from layers.
    for layer in model.layers where !layer.ruleName.hasPrefix("op:") {
      let content: KerasDocument.Content
      if let inner = layer.model {
        content = .model(try self.layers(of: inner, forms, written))
      } else if let form = written[layer.id] {
        do throws(FormatError) {
          content = .weights(try forms.weights(of: layer, form))
        } catch {
          throw KerasError(.layer(error), at: .layer(layer.path))
        }
      } else {
        content = .weights([])
      }
      layers.append(
        KerasDocument.Layer(
          name: layer.name, className: layer.declaredClass,
          isTrainable: layer.modelConfigs.allSatisfy { $0["trainable"]?.bool ?? true },
          content: content))
    }
    return layers
  }
}
