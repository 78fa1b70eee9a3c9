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
