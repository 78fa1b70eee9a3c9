#pragma once
// What glibc declares for _GNU_SOURCE only, which Swift doesn't set, and what is variadic.
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <fcntl.h>
#include <unistd.h>

/// Has the kernel send a signal to this process when its parent ends.
static inline int eclinux_signal_at_death_of_parent(int signal) {
  return prctl(PR_SET_PDEATHSIG, signal, 0, 0, 0);
}

/// A pipe whose ends other programs don't inherit.
static inline int eclinux_pipe(int ends[2]) {
  return (int)syscall(SYS_pipe2, ends, O_CLOEXEC);
}

/// The number of cores that this process may use; 0 where the system doesn't tell.
static inline int eclinux_core_count(void) {
  unsigned long mask[128];
  long size = syscall(SYS_sched_getaffinity, 0, sizeof mask, mask);
  int count = 0;
  for (long k = 0; k < size / (long)sizeof *mask; k++) count += __builtin_popcountl(mask[k]);
  return count;
}

/// The cores that the calling thread may use, one bit each; gives the bytes filled, 0 on failure.
static inline long eclinux_cores(unsigned long *mask, long byte_count) {
  long size = syscall(SYS_sched_getaffinity, 0, byte_count, mask);
  return size > 0 ? size : 0;
}

/// Keeps the calling thread on cores, one bit each; gives 0 on success.
static inline int eclinux_set_cores(const unsigned long *mask, long byte_count) {
  return (int)syscall(SYS_sched_setaffinity, 0, byte_count, mask);
}
