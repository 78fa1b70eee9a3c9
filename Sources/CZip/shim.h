#pragma once
#include <sys/syscall.h>
#include <unistd.h>
#include <zip.h>

/// A new empty file in memory, without a name; -1 with errno where there can be none.
/// Swift sees no function of the GNU C library for it.
static inline int eczip_memory_file(void) {
  const unsigned close_on_exec = 1;
  return (int)syscall(SYS_memfd_create, "unpacked", close_on_exec);
}
