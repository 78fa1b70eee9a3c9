/// The version of this package, as it stands in reports and in written models.
public enum ECConvertVersion {
  /// The version, `major.minor.patch`.
  public static let current = "0.1.0"
}
