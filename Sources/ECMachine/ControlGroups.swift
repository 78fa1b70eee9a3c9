/// The limits of the control groups that this process is in; both versions of them, as
/// `cgroups(7)` has them.
struct ControlGroups {
  private let files: SystemFiles

  init(_ files: SystemFiles) { self.files = files }

  /// How many cores' time the groups may use, rounded up; `nil` without a limit.
  var coreCount: Int? {
    var least: Int?
    for group in groups(["cpu"]) {
      let found =
        group.isUnified
        ? files.numbers(group.path + "/cpu.max")
        : files.numbers(group.path + "/cpu.cfs_quota_us")
          + files.numbers(group.path + "/cpu.cfs_period_us")
      // "max 100000" and "-1 100000" are no limits.
      guard found.count == 2, found[0] > 0, found[1] > 0 else { continue }
      least = min(least ?? .max, (found[0] - 1) / found[1] + 1)
    }
    return least
  }

  /// The bytes that the groups may hold; `nil` without a limit.
  var memoryByteCount: Int? { memoryGroups.map(\.byteCount).min() }

  /// The bytes that the groups could still take: what is held of files that nobody uses is given back
  /// when needed. `nil` without a limit.
  var availableByteCount: Int? {
    memoryGroups.map { group in
      let (usage, cache) =
        group.isUnified
        ? ("/memory.current", "inactive_file") : ("/memory.usage_in_bytes", "total_inactive_file")
      let used =
        (files.numbers(group.path + usage).first ?? 0)
        - (files.number(group.path + "/memory.stat", cache) ?? 0)
      return max(0, group.byteCount - max(used, 0))
    }.min()
  }

  /// The groups with a limit on memory.
  private var memoryGroups: [(path: String, isUnified: Bool, byteCount: Int)] {
    groups(["memory"]).compactMap { group in
      let limit = group.isUnified ? "/memory.max" : "/memory.limit_in_bytes"
      guard let most = files.numbers(group.path + limit).first, most > 0 else { return nil }
      return (group.path, group.isUnified, most)
    }
  }

  /// The folders of the groups under some controllers, and of those above them, down to the root.
  ///
  /// A container sees its own group as the root, whatever path it is told.
  private func groups(_ controllers: Set<String>) -> [(path: String, isUnified: Bool)] {
    var found: [(String, Bool)] = []
    for line in (files.text("/proc/self/cgroup") ?? "").split(separator: "\n") {
      let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard fields.count == 3 else { continue }
      let names = fields[1].split(separator: ",").map(String.init)
      let isUnified = names.isEmpty
      guard isUnified || !controllers.isDisjoint(with: names) else { continue }
      // Controllers of one line may be mounted together, under all of their names.
      let folders: Set =
        isUnified ? ["", "/unified"] : Set((names + [String(fields[1])]).map { "/" + $0 })
      let mounts = folders.map { "/sys/fs/cgroup" + $0 }
      var path = fields[2].split(separator: "/")[...]
      while true {
        for mount in mounts {
          found.append((([mount] + path.map(String.init)).joined(separator: "/"), isUnified))
        }
        if path.popLast() == nil { break }
      }
    }
    return found
  }
}
