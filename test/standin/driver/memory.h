// SPDX-License-Identifier: Apache-2.0
// Allocations: who owns an address, whether it is still there, whether something uses it. With the lock held.
#pragma once

#include "call.h"

namespace standin {

/// The live allocation that holds the address, null if none.
AllocationRef FindDeviceMemory(const void* address);
AllocationRef FindHostMemory(const void* address);

/// The device memory (or mapped host memory) of `bytes` at an address; null after a violation.
AllocationRef CheckDeviceMemory(const Call& call, const void* address, size_t bytes);
/// The page-locked memory of `bytes` at an address; null if it is pageable. `is_wrong` is set after a
/// violation.
AllocationRef CheckHostMemory(const Call& call, const void* address, size_t bytes, bool* is_wrong);

/// kOutOfMemory if the device (or the machine) has no more.
CUresult Allocate(Context& context, MemoryKind kind, size_t bytes, unsigned flags, AllocationRef* made);
/// Takes it out of the books. Violation if something uses it.
void FreeNow(const char* entry, const AllocationRef& memory);
void FreeAll(Context& context);
size_t CountMemory(int device);

/// While a kernel runs on this thread, the memory that it asks for (trtn_standin_is_device_memory) counts as
/// used.
class KernelScope {
 public:
  KernelScope();
  /// Without the lock.
  ~KernelScope();
};

}  // namespace standin
