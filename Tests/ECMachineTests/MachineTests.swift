import ECMachine
import ECTestSupport
import Glibc
import Testing

@Suite struct MachineTests {
  private static let gigabyte = 1 << 30

  /// A machine with eight cores and 16 GiB, 12 of them available, whose kernel tells more in files.
  private func machine(_ told: [String: String], limits: [Int] = []) -> Machine {
    let root = Fixture.temporaryFolder()
    let meminfo = ["/proc/meminfo": "MemTotal: 16777216 kB\nMemAvailable: 12582912 kB\n"]
    for (path, text) in told.merging(meminfo, uniquingKeysWith: { own, _ in own }) {
      var folder = root
      for part in path.split(separator: "/").dropLast() {
        folder += "/" + part
        mkdir(folder, 0o755)
      }
      Fixture.write(Array(text.utf8), to: root + path)
    }
    return Machine(
      cores: 8, memory: 16 * Self.gigabyte, limits: limits, files: SystemFiles(root: root))
  }

  @Test func `without limits a process may use what the hardware has`() {
    let found = machine([
      "/proc/self/cgroup": "0::/user.slice\n", "/sys/fs/cgroup/user.slice/cpu.max": "max 100000\n",
      "/sys/fs/cgroup/user.slice/memory.max": "max\n",
    ])
    #expect(found.coreCount == 8)
    #expect(found.memoryByteCount == 16 * Self.gigabyte)
    #expect(found.availableByteCount == 12 * Self.gigabyte)
    #expect(machine([:]) == found)
  }

  @Test func `a container's own limits are found at the root, and cores are rounded up`() {
    let found = machine([
      "/proc/self/cgroup": "0::/\n", "/sys/fs/cgroup/cpu.max": "150000 100000\n",
      "/sys/fs/cgroup/memory.max": "\(2 * Self.gigabyte)\n",
      "/sys/fs/cgroup/memory.current": "\(Self.gigabyte)\n",
      "/sys/fs/cgroup/memory.stat": "anon 1\ninactive_file \(Self.gigabyte / 2)\n",
    ])
    #expect(found.coreCount == 2)
    #expect(found.memoryByteCount == 2 * Self.gigabyte)
    #expect(found.availableByteCount == 3 * Self.gigabyte / 2)
  }

  @Test func `the tightest of the groups that hold a process counts`() {
    let found = machine([
      "/proc/self/cgroup": "0::/pods/one\n", "/sys/fs/cgroup/pods/cpu.max": "300000 100000\n",
      "/sys/fs/cgroup/pods/one/cpu.max": "500000 100000\n",
      "/sys/fs/cgroup/pods/memory.max": "\(4 * Self.gigabyte)\n",
      "/sys/fs/cgroup/pods/one/memory.max": "\(8 * Self.gigabyte)\n",
    ])
    #expect(found.coreCount == 3)
    #expect(found.memoryByteCount == 4 * Self.gigabyte)
  }

  @Test func `groups of the first version are read, also where the path is the host's`() {
    let stat = "cache 9\ntotal_inactive_file \(Self.gigabyte)\n"
    let found = machine([
      "/proc/self/cgroup":
        "4:memory:/docker/1f\n3:cpuset:/\n2:cpu,cpuacct:/docker/1f\n1:name=systemd:/\n",
      "/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "200000\n",
      "/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "50000\n",
      "/sys/fs/cgroup/memory/memory.limit_in_bytes": "\(3 * Self.gigabyte)\n",
      "/sys/fs/cgroup/memory/memory.usage_in_bytes": "\(2 * Self.gigabyte)\n",
      "/sys/fs/cgroup/memory/memory.stat": stat,
    ])
    #expect(found.coreCount == 4)
    #expect(found.memoryByteCount == 3 * Self.gigabyte)
    #expect(found.availableByteCount == 2 * Self.gigabyte)
  }

  @Test func `no limit of the first version is -1, or more than there is`() {
    let found = machine([
      "/proc/self/cgroup": "4:memory:/\n2:cpu:/\n", "/sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n",
      "/sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
      "/sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
    ])
    #expect(found == machine([:]))
  }

  @Test func `a limit of the process counts like that of a group`() {
    let found = machine([:], limits: [Self.gigabyte, .max])
    #expect(found.memoryByteCount == Self.gigabyte)
    #expect(found.availableByteCount == Self.gigabyte)
  }

  @Test func `this machine has cores and memory`() {
    let here = Machine.current
    #expect(here.coreCount >= 1)
    #expect(here.availableByteCount > 0)
    #expect(here.availableByteCount <= here.memoryByteCount)
  }
}
