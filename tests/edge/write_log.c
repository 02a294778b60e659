/* Notes every write, truncation and sync of a process in the order made, so that a power cut can be replayed:
 * what was not synced may be lost. Build: cc -shared -fPIC -o write_log.so write_log.c -ldl; set WRITE_LOG=file. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <pthread.h>
#include <unistd.h>

static int log_fd = -1;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

__attribute__((constructor)) static void start(void) {
    const char *name = getenv("WRITE_LOG");
    if (name) log_fd = syscall(SYS_openat, AT_FDCWD, name, O_WRONLY | O_CREAT | O_APPEND, 0600);
}

static void put(char kind, char *path, ssize_t length, int64_t offset, const void *data, uint32_t size) {
    struct iovec parts[3];
    struct { char kind; char pad; uint16_t path; uint32_t size; int64_t offset; } head = {kind, 0, length, size, offset};
    parts[0] = (struct iovec){&head, sizeof head};
    parts[1] = (struct iovec){path, length};
    parts[2] = (struct iovec){(void *)data, size};
    pthread_mutex_lock(&lock);
    syscall(SYS_writev, log_fd, parts, size ? 3 : 2);
    pthread_mutex_unlock(&lock);
}

static void note(char kind, int fd, int64_t offset, const void *data, uint32_t size) {
    char link[64], path[512];
    if (log_fd < 0) return;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path);
    if (length > 0 && path[0] == '/') put(kind, path, length, offset, data, size);
}

int unlink(const char *path) {
    int done = syscall(SYS_unlinkat, AT_FDCWD, path, 0);
    if (!done && log_fd >= 0) put('u', (char *)path, strlen(path), 0, "", 0);
    return done;
}
ssize_t pwrite64(int fd, const void *data, size_t size, off64_t offset) {
    ssize_t done = syscall(SYS_pwrite64, fd, data, size, offset);
    if (done > 0) note('w', fd, offset, data, done);
    return done;
}
ssize_t pwrite(int fd, const void *data, size_t size, off_t offset) { return pwrite64(fd, data, size, offset); }
ssize_t write(int fd, const void *data, size_t size) {
    off_t offset = syscall(SYS_lseek, fd, 0, SEEK_CUR);
    ssize_t done = syscall(SYS_write, fd, data, size);
    if (done > 0) note('w', fd, offset, data, done);
    return done;
}
int ftruncate64(int fd, off64_t size) {
    int done = syscall(SYS_ftruncate, fd, size);
    if (!done) note('t', fd, size, "", 0);
    return done;
}
int ftruncate(int fd, off_t size) { return ftruncate64(fd, size); }
int fsync(int fd) {
    int done = syscall(SYS_fsync, fd);
    if (!done) note('s', fd, 0, "", 0);
    return done;
}
int fdatasync(int fd) {
    int done = syscall(SYS_fdatasync, fd);
    if (!done) note('s', fd, 0, "", 0);
    return done;
}
