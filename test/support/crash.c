// A preload library that numbers every call which changes a file system, over a whole process tree, and at call CRASH_AT
// kills the process group: before the call has any effect. CRASH_COUNTER names the file that the tree counts in,
// CRASH_LOG one that gets a line for each call. Build: cc -shared -fPIC -O2 -o crash.so crash.c -ldl
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static int *counter;
static int crash_at;
static const char *log_file;

__attribute__((constructor)) static void begin(void) {
  const char *name = getenv("CRASH_COUNTER"), *at = getenv("CRASH_AT");
  if (!name) return;
  int fd = syscall(SYS_openat, AT_FDCWD, name, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (fd < 0 || syscall(SYS_ftruncate, fd, sizeof *counter)) return;
  counter = mmap(0, sizeof *counter, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  syscall(SYS_close, fd);
  if (counter == MAP_FAILED) counter = 0;
  crash_at = at ? atoi(at) : 0;
  log_file = getenv("CRASH_LOG");
}

static void count(const char *call, const char *path) {
  if (!counter) return;
  int n = __sync_add_and_fetch(counter, 1);
  if (log_file) {
    char line[700];
    int length = snprintf(line, sizeof line, "%d %s[%d] %s %.500s\n", n, program_invocation_short_name, (int)getpid(), call, path ? path : "");
    int fd = syscall(SYS_openat, AT_FDCWD, log_file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (fd >= 0) {
      if (syscall(SYS_write, fd, line, length) < 0) { /* the log is a convenience */ }
      syscall(SYS_close, fd);
    }
  }
  if (n == crash_at) {
    kill(0, SIGKILL);
    for (;;) pause();
  }
}

static const char *path_of(int fd) {
  static __thread char path[512];
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  path[length < 0 ? 0 : length] = 0;
  return path;
}

static int is_file(int fd) {
  struct stat stats;
  return counter && fd > 2 && !fstat(fd, &stats) && S_ISREG(stats.st_mode);
}

static int changes(const char *path, int flags) {
  return (flags & (O_CREAT | O_TRUNC | O_WRONLY | O_RDWR)) && strncmp(path, "/dev/", 5) && strncmp(path, "/proc/", 6);
}

#define REAL(name) static __typeof__(name) *real; if (!real) real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)
#define MODE(last) va_list rest; va_start(rest, last); int mode = va_arg(rest, int); va_end(rest)

int open(const char *p, int f, ...) { MODE(f); REAL(open); if (changes(p, f)) count("open", p); return real(p, f, mode); }
int open64(const char *p, int f, ...) { MODE(f); REAL(open64); if (changes(p, f)) count("open", p); return real(p, f, mode); }
int openat(int d, const char *p, int f, ...) { MODE(f); REAL(openat); if (changes(p, f)) count("openat", p); return real(d, p, f, mode); }
int openat64(int d, const char *p, int f, ...) { MODE(f); REAL(openat64); if (changes(p, f)) count("openat", p); return real(d, p, f, mode); }
int mkdir(const char *p, mode_t m) { REAL(mkdir); count("mkdir", p); return real(p, m); }
int mkfifo(const char *p, mode_t m) { REAL(mkfifo); count("mkfifo", p); return real(p, m); }
int chmod(const char *p, mode_t m) { REAL(chmod); count("chmod", p); return real(p, m); }
int rename(const char *a, const char *b) { REAL(rename); count("rename", b); return real(a, b); }
int renameat(int x, const char *a, int y, const char *b) { REAL(renameat); count("renameat", b); return real(x, a, y, b); }
int link(const char *a, const char *b) { REAL(link); count("link", b); return real(a, b); }
int symlink(const char *a, const char *b) { REAL(symlink); count("symlink", b); return real(a, b); }
int unlink(const char *p) { REAL(unlink); count("unlink", p); return real(p); }
int unlinkat(int d, const char *p, int f) { REAL(unlinkat); count("unlinkat", p); return real(d, p, f); }
int rmdir(const char *p) { REAL(rmdir); count("rmdir", p); return real(p); }
int remove(const char *p) { REAL(remove); count("remove", p); return real(p); }
int ftruncate(int fd, off_t n) { REAL(ftruncate); count("ftruncate", path_of(fd)); return real(fd, n); }
int fsync(int fd) { REAL(fsync); count("fsync", path_of(fd)); return real(fd); }
int fdatasync(int fd) { REAL(fdatasync); count("fdatasync", path_of(fd)); return real(fd); }
ssize_t write(int fd, const void *b, size_t n) { REAL(write); if (is_file(fd)) count("write", path_of(fd)); return real(fd, b, n); }
ssize_t writev(int fd, const struct iovec *v, int n) { REAL(writev); if (is_file(fd)) count("writev", path_of(fd)); return real(fd, v, n); }
ssize_t pwrite(int fd, const void *b, size_t n, off_t o) { REAL(pwrite); if (is_file(fd)) count("pwrite", path_of(fd)); return real(fd, b, n, o); }
ssize_t pwrite64(int fd, const void *b, size_t n, off64_t o) { REAL(pwrite64); if (is_file(fd)) count("pwrite", path_of(fd)); return real(fd, b, n, o); }
