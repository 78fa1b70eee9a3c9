/// A model of `keras.applications`: draws the layers that a file of nothing but weights belongs to.
public struct Architecture: Sendable {
  /// Options that only some families know.
  enum Trait: Sendable {
    case alpha, preprocessing, minimalistic, imagenet
  }

  /// The name of the function in `keras.applications`.
  public let name: String
  /// Height and width of the images where nothing else is asked for.
  let defaultSize: Int
  let traits: Set<Trait>
  /// The generations whose layers differ in name or kind, the most recent first; where they don't,
  /// the most recent that has the architecture.
  let generations: [Generation]
  /// The name that Keras gives the model.
  let modelName: @Sendable (Settings) -> String
  /// Draws all layers behind the input; gives the output.
  let draw: @Sendable (inout ModelBuilder, Output, Settings) -> Output
  /// The side of the images, told by the shape of a weight of the layer `layer`; only where weights
  /// depend on it.
  let side: (layer: String, side: @Sendable ([Int]) -> Int?)?

  init(
    _ name: String, size: Int = 224, traits: Set<Trait> = [],
    generations: [Generation] = [.keras3], modelName: @escaping @Sendable (Settings) -> String,
    side: (layer: String, side: @Sendable ([Int]) -> Int?)? = nil,
    draw: @escaping @Sendable (inout ModelBuilder, Output, Settings) -> Output
  ) {
    self.name = name
    self.defaultSize = size
    self.traits = traits
    self.generations = generations
    self.modelName = modelName
    self.side = side
    self.draw = draw
  }

  /// All architectures, by family.
  public static let all: [Architecture] =
    vgg + resNet + resNetRS + mobileNet + efficientNet + efficientNetV2 + denseNet + inception
    + [xception] + nasNet + convNeXt + regNet

  /// The architecture of a name; letter case, hyphens and underscores don't matter.
  /// - Throws: `ArchitectureError` with names like it.
  public static func named(_ name: String) throws(ArchitectureError) -> Architecture {
    let key = plain(name)
    if let found = all.first(where: { plain($0.name) == key }) { return found }
    let near = all.map { (name: $0.name, distance: distance(plain($0.name), key)) }
      .sorted { ($0.distance, $0.name) < ($1.distance, $1.name) }
      .prefix { $0.distance <= 2 }
    throw ArchitectureError(.unknownName(name, similar: near.prefix(3).map(\.name)))
  }

  /// The model with defaults for what isn't asked for.
  /// - Throws: `ArchitectureError` for an option that the family doesn't know.
  public func model(_ options: ArchitectureOptions = .init()) throws(ArchitectureError)
    -> ArchitectureModel
  {
    try check(options)
    let settings = settings(options)
    try check(settings)
    return ArchitectureModel(of: self, settings)
  }

  /// What a model is drawn by, with defaults for what isn't asked for.
  func settings(_ options: ArchitectureOptions) -> Settings {
    Settings(
      generation: generations[0] == .keras2 ? .keras2 : options.generation ?? .keras3,
      size: options.size ?? .pixels(height: defaultSize, width: defaultSize),
      alpha: options.alpha ?? 1, classes: options.classes ?? 1000, hasTop: options.top ?? true,
      pooling: options.pooling ?? .nothing, hasPreprocessing: options.preprocessing ?? true,
      isMinimalistic: options.minimalistic ?? false, isImageNet: options.imagenet ?? false,
      activation: options.activation ?? "softmax")
  }

  /// Refuses options that the family doesn't know, and those that contradict each other.
  func check(_ options: ArchitectureOptions) throws(ArchitectureError) {
    let asked: [(String, Trait, Bool)] = [
      ("alpha", .alpha, options.alpha != nil),
      ("preprocessing", .preprocessing, options.preprocessing != nil),
      ("minimalistic", .minimalistic, options.minimalistic != nil),
      ("imagenet", .imagenet, options.imagenet != nil),
    ]
    for (option, trait, isAsked) in asked where isAsked && !traits.contains(trait) {
      throw ArchitectureError(.foreignOption(option, architecture: name))
    }
    if options.top == true, let pooling = options.pooling, pooling != .nothing {
      throw ArchitectureError(.poolingWithTop)
    }
  }

  /// Refuses images too small to be halved five times, and an open size where weights depend on it.
  func check(_ settings: Settings) throws(ArchitectureError) {
    switch settings.size {
    case .any where side != nil && settings.hasTop:
      throw ArchitectureError(.openSize(architecture: name))
    case .pixels(let height, let width) where min(height, width) < minimumSide:
      throw ArchitectureError(
        .smallImage(architecture: name, side: min(height, width), least: minimumSide))
    default: break
    }
  }

  /// The least side that `keras.applications` takes.
  private var minimumSide: Int {
    if name.hasPrefix("Inception") { return 75 }
    return name == "Xception" ? 71 : 32
  }

  private static func plain(_ name: String) -> String {
    name.lowercased().filter { $0 != "-" && $0 != "_" }
  }

  /// How many letters must be put in, left out or changed to come from `a` to `b`.
  private static func distance(_ a: String, _ b: String) -> Int {
    let (a, b) = (Array(a), Array(b))
    var row = Array(0...b.count)
    for i in a.indices {
      var corner = row[0]
      row[0] = i + 1
      for j in b.indices {
        let change = corner + (a[i] == b[j] ? 0 : 1)
        corner = row[j + 1]
        row[j + 1] = min(change, corner + 1, row[j] + 1)
      }
    }
    return row[b.count]
  }
}
