/*
 * Counts the fsyncs of a process, and makes each one longer. Loaded with LD_PRELOAD:
 *   FSYNC_COUNT_FILE   holds the count as a 64-bit integer
 *   FSYNC_DELAY_US     microseconds that are added to each one
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static volatile uint64_t *count;
static useconds_t delay;
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);

__attribute__((constructor)) static void start(void) {
  real_fsync = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
  real_fdatasync = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
  const char *text = getenv("FSYNC_DELAY_US");
  if (text) delay = (useconds_t)atoi(text);
  const char *file = getenv("FSYNC_COUNT_FILE");
  int fd = file ? open(file, O_RDWR | O_CREAT, 0600) : -1;
  if (fd < 0 || ftruncate(fd, sizeof *count) != 0) return;
  void *map = mmap(NULL, sizeof *count, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (map != MAP_FAILED) count = map;
  close(fd);
}

static int after(int result) {
  if (count) __atomic_add_fetch(count, 1, __ATOMIC_RELAXED);
  if (delay) usleep(delay);
  return result;
}

int fsync(int fd) { return after(real_fsync(fd)); }
int fdatasync(int fd) { return after(real_fdatasync(fd)); }
