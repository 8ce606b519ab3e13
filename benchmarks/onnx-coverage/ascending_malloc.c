// SPDX-License-Identifier: Apache-2.0
//
// An allocator for LD_PRELOAD that gives each thread ascending addresses of its own and never reuses any.
//
// TensorRT-RTX 1.7 keeps some things in the order of their addresses, and for some models that order shows in the
// engine: its bytes then depend on what the process allocated and freed before, in C++, in Python and in Node alike.
// Under this allocator the addresses follow from the calls that the building thread makes, so two programs that make
// the same calls of TensorRT get the same bytes. Only for short runs: nothing is given back.

#define _GNU_SOURCE
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

enum { kHeader = 16 };
static const size_t kSlice = (size_t)4 << 30;

/// What is left of this thread's slice of the address space.
static __thread uintptr_t next_address;
static __thread uintptr_t slice_end;

/// Memory is taken from the system as it is touched, not here.
static int take_slice(void) {
  const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
  void* slice = mmap(NULL, kSlice, PROT_READ | PROT_WRITE, flags, -1, 0);
  if (slice == MAP_FAILED) return 0;
  next_address = (uintptr_t)slice;
  slice_end = next_address + kSlice;
  return 1;
}

/// The size is kept before the block, for realloc().
static void* take(size_t alignment, size_t bytes) {
  if (alignment < kHeader) alignment = kHeader;
  if (bytes > kSlice / 2) return NULL;
  for (;;) {
    const uintptr_t block = (next_address + kHeader + alignment - 1) & ~(alignment - 1);
    const uintptr_t end = (block + bytes + kHeader - 1) & ~(uintptr_t)(kHeader - 1);
    if (next_address != 0 && end <= slice_end) {
      next_address = end;
      ((size_t*)block)[-1] = bytes;
      return (void*)block;
    }
    if (!take_slice()) return NULL;
  }
}

void* malloc(size_t bytes) { return take(kHeader, bytes); }
void* calloc(size_t count, size_t bytes) { return take(kHeader, count * bytes); }
void free(void* block) { (void)block; }
void* memalign(size_t alignment, size_t bytes) { return take(alignment, bytes); }
void* aligned_alloc(size_t alignment, size_t bytes) { return take(alignment, bytes); }
void* valloc(size_t bytes) { return take(4096, bytes); }
size_t malloc_usable_size(void* block) { return block == NULL ? 0 : ((size_t*)block)[-1]; }

int posix_memalign(void** block, size_t alignment, size_t bytes) {
  *block = take(alignment, bytes);
  return *block == NULL ? 12 /* ENOMEM */ : 0;
}

void* realloc(void* block, size_t bytes) {
  if (block == NULL) return malloc(bytes);
  const size_t old_bytes = ((size_t*)block)[-1];
  if (bytes <= old_bytes) return block;
  void* larger = malloc(bytes);
  return larger == NULL ? NULL : memcpy(larger, block, old_bytes);
}
