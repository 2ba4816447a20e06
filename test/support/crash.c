// A preload library that numbers every call which changes a file system, over a whole process tree, and does something at
// call CRASH_AT, before the call has any effect. CRASH_COUNTER names the file that the tree counts in, CRASH_LOG one that
// gets a line for each call. CRASH_DO says what: "kill" (default) ends the process group, "signal:15" sends that signal to
// the first process of the tree alone, "errno:28" lets the call fail with that number, "errno:28:on" every one from there,
// "clock:-86400" sets the clock of everybody in the tree back by that many seconds.
// Build: cc -shared -fPIC -O2 -o crash.so crash.c -ldl
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
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static int *counter; // [0] calls so far, [1] the first process
static int crash_at;
static int signal_number, error_number, is_sticky, clock_shift;
static const char *log_file;

__attribute__((constructor)) static void begin(void) {
  const char *name = getenv("CRASH_COUNTER"), *at = getenv("CRASH_AT"), *what = getenv("CRASH_DO");
  if (!name) return;
  int fd = syscall(SYS_openat, AT_FDCWD, name, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (fd < 0 || syscall(SYS_ftruncate, fd, 2 * sizeof *counter)) return;
  counter = mmap(0, 2 * sizeof *counter, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  syscall(SYS_close, fd);
  if (counter == MAP_FAILED) counter = 0;
  crash_at = at ? atoi(at) : 0;
  if (what && !strncmp(what, "signal:", 7)) signal_number = atoi(what + 7);
  if (what && !strncmp(what, "errno:", 6)) error_number = atoi(what + 6), is_sticky = strstr(what, ":on") != 0;
  if (what && !strncmp(what, "clock:", 6)) clock_shift = atoi(what + 6);
  if (counter) __sync_bool_compare_and_swap(&counter[1], 0, (int)getpid());
  log_file = getenv("CRASH_LOG");
}

// Calls that can fail with this number at all.
static int can_fail(const char *call) {
  if (error_number == ENOSPC) return strcmp(call, "chmod") && strncmp(call, "unlink", 6) && strcmp(call, "rmdir") && strcmp(call, "remove");
  if (!strncmp(call, "unlink", 6) || !strcmp(call, "rmdir")) return error_number == EROFS; // git takes no notice of it
  if (error_number == EMFILE) return !strncmp(call, "open", 4);
  if (error_number == EROFS) return strncmp(call, "write", 5) && strncmp(call, "pwrite", 6) && strncmp(call, "f", 1);
  return 1;
}

// True when the call is to fail; errno is set then.
static int count(const char *call, const char *path) {
  if (!counter) return 0;
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
  if (!crash_at || n < crash_at || (n > crash_at && !is_sticky)) return 0;
  if (clock_shift) return 0;
  if (error_number) {
    if (!can_fail(call)) return 0;
    errno = error_number;
    return 1;
  }
  if (signal_number) {
    kill(counter[1], signal_number);
    usleep(30000); // so that it has arrived
    return 0;
  }
  kill(0, SIGKILL);
  for (;;) pause();
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

// A call that will find its work done is logged with a "-" behind its name.
static int is_there(const char *path) {
  struct stat stats;
  return !lstat(path, &stats);
}

#define REAL(name) static __typeof__(name) *real; if (!real) real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)
#define MODE(last) va_list rest; va_start(rest, last); int mode = va_arg(rest, int); va_end(rest)

// From call CRASH_AT on the clock is another; the time of files stays the kernel's.
static int shift(void) { return counter && clock_shift && crash_at && *counter >= crash_at ? clock_shift : 0; }

#define FAILING(call, path) if (count(call, path)) return -1

int open(const char *p, int f, ...) { MODE(f); REAL(open); if (changes(p, f)) FAILING("open", p); return real(p, f, mode); }
int open64(const char *p, int f, ...) { MODE(f); REAL(open64); if (changes(p, f)) FAILING("open", p); return real(p, f, mode); }
int openat(int d, const char *p, int f, ...) { MODE(f); REAL(openat); if (changes(p, f)) FAILING("openat", p); return real(d, p, f, mode); }
int openat64(int d, const char *p, int f, ...) { MODE(f); REAL(openat64); if (changes(p, f)) FAILING("openat", p); return real(d, p, f, mode); }
int mkdir(const char *p, mode_t m) { REAL(mkdir); FAILING(is_there(p) ? "mkdir-" : "mkdir", p); return real(p, m); }
int mkfifo(const char *p, mode_t m) { REAL(mkfifo); FAILING("mkfifo", p); return real(p, m); }
int chmod(const char *p, mode_t m) { REAL(chmod); FAILING("chmod", p); return real(p, m); }
int rename(const char *a, const char *b) { REAL(rename); FAILING("rename", b); return real(a, b); }
int renameat(int x, const char *a, int y, const char *b) { REAL(renameat); FAILING("renameat", b); return real(x, a, y, b); }
int link(const char *a, const char *b) { REAL(link); FAILING("link", b); return real(a, b); }
int symlink(const char *a, const char *b) { REAL(symlink); FAILING("symlink", b); return real(a, b); }
int unlink(const char *p) { REAL(unlink); FAILING(is_there(p) ? "unlink" : "unlink-", p); return real(p); }
int unlinkat(int d, const char *p, int f) { REAL(unlinkat); FAILING("unlinkat", p); return real(d, p, f); }
int rmdir(const char *p) { REAL(rmdir); FAILING("rmdir", p); return real(p); }
int remove(const char *p) { REAL(remove); FAILING("remove", p); return real(p); }
int ftruncate(int fd, off_t n) { REAL(ftruncate); FAILING("ftruncate", path_of(fd)); return real(fd, n); }
int fsync(int fd) { REAL(fsync); FAILING("fsync", path_of(fd)); return real(fd); }
int fdatasync(int fd) { REAL(fdatasync); FAILING("fdatasync", path_of(fd)); return real(fd); }
ssize_t write(int fd, const void *b, size_t n) { REAL(write); if (is_file(fd)) FAILING("write", path_of(fd)); return real(fd, b, n); }
ssize_t writev(int fd, const struct iovec *v, int n) { REAL(writev); if (is_file(fd)) FAILING("writev", path_of(fd)); return real(fd, v, n); }
ssize_t pwrite(int fd, const void *b, size_t n, off_t o) { REAL(pwrite); if (is_file(fd)) FAILING("pwrite", path_of(fd)); return real(fd, b, n, o); }
ssize_t pwrite64(int fd, const void *b, size_t n, off64_t o) { REAL(pwrite64); if (is_file(fd)) FAILING("pwrite", path_of(fd)); return real(fd, b, n, o); }
ssize_t sendfile(int o, int i, off_t *f, size_t n) { REAL(sendfile); FAILING("write", path_of(o)); return real(o, i, f, n); }
ssize_t copy_file_range(int i, off64_t *x, int o, off64_t *y, size_t n, unsigned f) { REAL(copy_file_range); FAILING("write", path_of(o)); return real(i, x, o, y, n, f); }
int clock_gettime(clockid_t c, struct timespec *t) { REAL(clock_gettime); int r = real(c, t); if (!r && c == CLOCK_REALTIME) t->tv_sec += shift(); return r; }
int gettimeofday(struct timeval *restrict t, void *restrict z) { REAL(gettimeofday); int r = real(t, z); if (!r) t->tv_sec += shift(); return r; }
time_t time(time_t *t) { REAL(time); time_t now = real(0) + shift(); if (t) *t = now; return now; }
