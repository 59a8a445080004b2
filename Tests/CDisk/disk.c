// The calls of the C library that change files, in the place of its own: whoever links this sees, in tests, what a store and
// SQLite do to a disk, and decides what the disk does. Threads that watch nothing go on to the kernel.
#define _GNU_SOURCE
#include "disk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

static _Thread_local disk_watch watch;
static _Thread_local void *context;

void disk_begin_watch(disk_watch new_watch, void *new_context) {
    watch = new_watch;
    context = new_context;
}

// Whoever watches may use files itself.
static int ask(struct disk_call call) {
    disk_watch asked = watch;
    if (!asked) return 0;
    watch = NULL;
    int saved = errno;
    int answer = asked(context, &call);
    watch = asked;
    errno = answer > 0 ? answer : saved;
    return answer;
}

static int open_file(const char *path, int flags, mode_t mode) {
    if (watch && flags & O_CREAT && syscall(SYS_faccessat, AT_FDCWD, path, F_OK) != 0) {
        if (ask((struct disk_call){.change = disk_create, .descriptor = -1, .path = path}) > 0) return -1;
    }
    return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

#define OPEN(name)                                                   \
    int name(const char *path, int flags, ...) {                     \
        mode_t mode = 0;                                             \
        if (flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE) {   \
            va_list list;                                            \
            va_start(list, flags);                                   \
            mode = va_arg(list, mode_t);                             \
            va_end(list);                                            \
        }                                                            \
        return open_file(path, flags, mode);                         \
    }
OPEN(open)
OPEN(open64)

static ssize_t write_at(int descriptor, const void *bytes, size_t count, off_t offset) {
    int answer = ask((struct disk_call){disk_write, descriptor, NULL, NULL, bytes, offset, count});
    if (answer == 0) return syscall(SYS_pwrite64, descriptor, bytes, count, offset);
    return answer > 0 ? -1 : (ssize_t)count;
}

ssize_t pwrite(int descriptor, const void *bytes, size_t count, off_t offset) {
    return write_at(descriptor, bytes, count, offset);
}

ssize_t pwrite64(int descriptor, const void *bytes, size_t count, off_t offset) {
    return write_at(descriptor, bytes, count, offset);
}

ssize_t write(int descriptor, const void *bytes, size_t count) {
    if (watch) {
        off_t offset = lseek(descriptor, 0, SEEK_CUR);
        int answer = ask((struct disk_call){disk_write, descriptor, NULL, NULL, bytes, offset, count});
        if (answer != 0) return answer > 0 ? -1 : (ssize_t)count;
    }
    return syscall(SYS_write, descriptor, bytes, count);
}

static int cut(int descriptor, off_t length) {
    int answer = ask((struct disk_call){.change = disk_truncate, .descriptor = descriptor, .offset = length});
    if (answer == 0) return (int)syscall(SYS_ftruncate, descriptor, length);
    return answer > 0 ? -1 : 0;
}

int ftruncate(int descriptor, off_t length) { return cut(descriptor, length); }
int ftruncate64(int descriptor, off_t length) { return cut(descriptor, length); }

static int synchronise(int descriptor, long call) {
    int answer = ask((struct disk_call){.change = disk_sync, .descriptor = descriptor});
    if (answer == 0) return (int)syscall(call, descriptor);
    return answer > 0 ? -1 : 0;
}

int fsync(int descriptor) { return synchronise(descriptor, SYS_fsync); }
int fdatasync(int descriptor) { return synchronise(descriptor, SYS_fdatasync); }

int rename(const char *path, const char *to) {
    int answer = ask((struct disk_call){.change = disk_rename, .descriptor = -1, .path = path, .to = to});
    if (answer == 0) return (int)syscall(SYS_renameat2, AT_FDCWD, path, AT_FDCWD, to, 0);
    return answer > 0 ? -1 : 0;
}

int unlink(const char *path) {
    int answer = ask((struct disk_call){.change = disk_remove, .descriptor = -1, .path = path});
    if (answer == 0) return (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
    return answer > 0 ? -1 : 0;
}
