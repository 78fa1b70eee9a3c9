/// Turns errors and warnings into lines for a person, or into JSON.
public struct Renderer: Sendable {
  /// Whether ANSI colours are used.
  public var colour: Bool

  /// Makes a renderer.
  public init(colour: Bool) {
    self.colour = colour
  }

  /// An error as lines: `error: place: what`, then its details and its remedy, indented.
  public func render(_ error: any DiagnosticError) -> String {
    var lines = [paint("error: ", "1;31") + headline(error.place, error.what)]
    lines += error.details.map { "  " + $0 }
    if let remedy = error.remedy { lines.append(paint("  to fix: ", "1") + remedy) }
    return lines.joined(separator: "\n")
  }

  /// A warning as one line.
  public func warning(_ text: String) -> String { paint("warning: ", "1;33") + text }

  /// A remark as one line.
  public func note(_ text: String) -> String { paint("note: ", "1;36") + text }

  private func headline(_ place: Place, _ what: String) -> String {
    place.trail.isEmpty ? what : "\(place): \(what)"
  }

  private func paint(_ text: String, _ code: String) -> String {
    colour ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
  }
}
