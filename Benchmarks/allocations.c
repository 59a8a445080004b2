// Counts how often memory is asked for, for `vitald bench`: preloaded by `make bench`, which builds it.
//
// glibc's own entry points do the work (`__libc_malloc` …); the count lies where the program finds it by name. It is not
// atomic: benchmarks run on one thread, and an atomic addition would cost as much as the allocation.
#include <errno.h>
#include <stddef.h>
#include <stdint.h>

uint64_t vitald_allocations;

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

void *malloc(size_t size) {
    vitald_allocations++;
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
    vitald_allocations++;
    return __libc_calloc(count, size);
}

void *realloc(void *old, size_t size) {
    vitald_allocations++;
    return __libc_realloc(old, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
    vitald_allocations++;
    return __libc_memalign(alignment, size);
}

int posix_memalign(void **result, size_t alignment, size_t size) {
    vitald_allocations++;
    void *made = __libc_memalign(alignment, size);
    if (!made) return ENOMEM;
    *result = made;
    return 0;
}
