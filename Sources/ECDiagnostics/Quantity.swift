import Glibc

/// Numbers as people read them.
public enum Quantity {
  /// `25.6 M`.
  public static func count(_ number: Int) -> String { count(Double(number)) }

  /// `102.6 MB`.
  public static func bytes(_ number: Int) -> String { bytes(Double(number)) }

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
