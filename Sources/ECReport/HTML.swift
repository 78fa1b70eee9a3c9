import Glibc

/// Pieces that every page is made of.
public enum HTML {
  /// A text with the characters of markup written as entities; for contents and attributes.
  public static func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  /// A path as a relative URL.
  public static func url(_ path: String) -> String {
    let plain = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/".utf8)
    return path.utf8.map { byte in
      if plain.contains(byte) { return String(UnicodeScalar(byte)) }
      let digits = String(byte, radix: 16, uppercase: true)
      return "%" + (digits.count < 2 ? "0" : "") + digits
    }.joined()
  }

  /// A whole page that loads nothing from anywhere.
  public static func page(title: String, body: String, script: String = "") -> String {
    let policy =
      "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"
    return """
      <!doctype html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta http-equiv="Content-Security-Policy" content="\(policy)">
      <meta name="color-scheme" content="light dark">
      <link rel="icon" href="data:,">
      <title>\(escaped(title))</title>
      <style>
      \(style)
      </style>
      </head>
      <body>
      <main>
      \(body)
      </main>
      \(script.isEmpty ? "" : "<script>\n\(script)\n</script>")
      </body>
      </html>

      """
  }

  /// A table that scrolls by itself where it is wider than the page.
  /// - Parameters:
  ///   - caption: what it shows.
  ///   - heads: the titles of the columns; a leading `#` marks a column of numbers.
  ///   - rows: the cells as markup; the first of each row is its title.
  public static func table(_ caption: String, _ heads: [String], _ rows: [[String]]) -> String {
    let numeric = heads.map { $0.hasPrefix("#") }
    let head = heads.map { title in
      let isNumeric = title.hasPrefix("#")
      return "<th scope=\"col\"\(isNumeric ? " class=\"number\"" : "")>"
        + "\(escaped(isNumeric ? String(title.dropFirst()) : title))</th>"
    }
    let body = rows.map { row in
      let cells = row.enumerated().map { k, cell in
        if k == 0 { return "<th scope=\"row\">\(cell)</th>" }
        return "<td\(k < numeric.count && numeric[k] ? " class=\"number\"" : "")>\(cell)</td>"
      }
      return "<tr>" + cells.joined() + "</tr>"
    }
    return """
      <div class="scroll" tabindex="0" role="region" aria-label="\(escaped(caption))">
      <table>
      <caption>\(escaped(caption))</caption>
      <thead><tr>\(head.joined())</tr></thead>
      <tbody>
      \(body.joined(separator: "\n"))
      </tbody>
      </table>
      </div>
      """
  }

  /// `25.6 M`.
  public static func count(_ number: Double) -> String {
    scaled(number, ["", " k", " M", " G", " T"])
  }

  /// `102.6 MB`.
  public static func bytes(_ number: Double) -> String {
    scaled(number, [" B", " kB", " MB", " GB", " TB"])
  }

  /// A share as a percentage with one decimal.
  public static func percent(_ share: Double) -> String {
    share.isFinite ? "\((share * 1000).rounded() / 10) %" : ""
  }

  /// A number with three significant digits.
  public static func short(_ value: Double) -> String {
    guard value != 0, value.isFinite else { return value == 0 ? "0" : "\(value)" }
    let exponent = Int(log10(value.magnitude).rounded(.down))
    let mantissa = (value / pow(10, Double(exponent)) * 100).rounded() / 100
    if (-3...5).contains(exponent) {
      let scale = pow(10, Double(2 - exponent))
      let rounded = (value * scale).rounded() / scale
      return rounded == rounded.rounded() ? "\(Int(rounded))" : "\(rounded)"
    }
    return "\(mantissa)e\(exponent)"
  }

  private static func scaled(_ number: Double, _ units: [String]) -> String {
    var value = number
    var unit = 0
    // What rounds to 1000 takes the next unit.
    while value >= (unit == 0 ? 1000 : 999.5) && unit < units.count - 1 {
      value /= 1000
      unit += 1
    }
    if unit == 0 { return "\(Int(number))\(units[0])" }
    let digits = value < 10 ? 100.0 : value < 100 ? 10.0 : 1.0
    let rounded = (value * digits).rounded() / digits
    return (digits == 1 ? "\(Int(rounded))" : "\(rounded)") + units[unit]
  }
}
