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
      <caption><span>\(escaped(caption))</span></caption>
      <thead><tr>\(head.joined())</tr></thead>
      <tbody>
      \(body.joined(separator: "\n"))
      </tbody>
      </table>
      </div>
      """
  }
}
