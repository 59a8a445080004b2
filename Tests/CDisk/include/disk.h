#pragma once
#include <sys/types.h>

/// What a call is about to do to a file.
enum disk_change { disk_create, disk_write, disk_truncate, disk_sync, disk_rename, disk_remove };

/// One call, before it happens. `path` is the file's, `NULL` where it is known by its descriptor; `to` is of a rename.
struct disk_call {
    enum disk_change change;
    int descriptor;
    const char *path;
    const char *to;
    const void *bytes;
    /// Of a write: where, and how many. Of a truncation: the new length.
    off_t offset;
    size_t count;
};

/// What becomes of a call: 0 lets it happen, `disk_pretend` lets it succeed without happening, and an `errno` lets it
/// fail with that.
typedef int (*disk_watch)(void *context, const struct disk_call *call);

static const int disk_pretend = -1;

/// Has the calls of this thread watched, until it is called with `NULL`.
void disk_begin_watch(disk_watch watch, void *context);
