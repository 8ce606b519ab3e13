// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>
#include <cstring>

#include "memory.h"
#include "standin.h"

namespace standin {
namespace {

// Blocks up to this size stay for a while after they were freed, so that their addresses do not come again at
// once.
constexpr size_t kKeptBytes = 64 << 10;
constexpr size_t kKeptBlocks = 256;
// Fresh and freed memory is filled, so that who reads it sees it; a large block only at its head, for speed.
constexpr size_t kFilledBytes = 1 << 20;
constexpr unsigned char kFresh = 0xA5, kFreed = 0xDD;
constexpr size_t kAlignment = 256;

STANDIN_THREAD_LOCAL bool t_is_in_kernel = false;
STANDIN_THREAD_LOCAL std::vector<AllocationRef>* t_pinned_by_kernel = nullptr;

bool IsHost(MemoryKind kind) { return kind == MemoryKind::kPinned || kind == MemoryKind::kRegistered; }

AllocationRef FindIn(const std::map<const char*, AllocationRef>& blocks, const void* address) {
  auto after = blocks.upper_bound(static_cast<const char*>(address));
  if (after == blocks.begin()) return nullptr;
  const AllocationRef& found = std::prev(after)->second;
  return static_cast<const char*>(address) < found->address + found->bytes ? found : nullptr;
}

bool IsInside(const Allocation& memory, const void* address, size_t bytes) {
  return bytes <= memory.bytes && static_cast<const char*>(address) - memory.address <=
                                      static_cast<std::ptrdiff_t>(memory.bytes - bytes);
}

bool WasFreed(const void* address) {
  for (const AllocationRef& freed : state().freed) {
    if (address >= freed->address && address < freed->address + freed->bytes) return true;
  }
  return false;
}

std::string Describe(const void* address, size_t bytes) {
  return std::to_string(bytes) + " bytes at " + HexText(address);
}

}  // namespace

AllocationRef FindDeviceMemory(const void* address) { return FindIn(state().device_memory, address); }
AllocationRef FindHostMemory(const void* address) { return FindIn(state().host_memory, address); }

AllocationRef CheckDeviceMemory(const Call& call, const void* address, size_t bytes) {
  AllocationRef memory = FindDeviceMemory(address);
  if (memory == nullptr) {
    memory = FindHostMemory(address);
    if (memory != nullptr && !(memory->flags & 2)) memory = nullptr;
  }
  if (memory == nullptr) {
    call.Fail(kInvalidValue,
              "is given " + Describe(address, bytes) +
                  (WasFreed(address) ? ", memory that was freed" : ", no memory of the device"));
  } else if (!IsInside(*memory, address, bytes)) {
    call.Fail(kInvalidValue, "goes out of bounds: " + Describe(address, bytes) + " in an allocation of " +
                                 Describe(memory->address, memory->bytes));
    memory = nullptr;
  } else if (memory->is_freeing) {
    call.Fail(kInvalidValue, "uses " + Describe(address, bytes) + ", memory that cuMemFreeAsync got");
    memory = nullptr;
  }
  return memory;
}

AllocationRef CheckHostMemory(const Call& call, const void* address, size_t bytes, bool* is_wrong) {
  AllocationRef memory = FindHostMemory(address);
  *is_wrong = true;
  if (memory == nullptr && (FindDeviceMemory(address) != nullptr || address == nullptr)) {
    call.Fail(kInvalidValue, "is given " + Describe(address, bytes) + " as host memory");
  } else if (memory == nullptr && WasFreed(address)) {
    call.Fail(kInvalidValue, "is given " + Describe(address, bytes) + ", memory that was freed");
  } else if (memory != nullptr && !IsInside(*memory, address, bytes)) {
    call.Fail(kInvalidValue, "goes out of bounds: " + Describe(address, bytes) +
                                 " in page-locked memory of " + Describe(memory->address, memory->bytes));
    memory = nullptr;
  } else {
    *is_wrong = false;
    if (memory == nullptr) {
      Violate(std::string("pageable memory in ") + call.name() + ": " + Describe(address, bytes));
    }
  }
  return memory;
}

CUresult Allocate(Context& context, MemoryKind kind, size_t bytes, unsigned flags, AllocationRef* made) {
  State& s = state();
  const bool is_host = IsHost(kind);
  const size_t held = context.device_bytes + context.pool_reserved - context.pool_used;
  if (!is_host && (bytes > s.configuration.memory_bytes || held > s.configuration.memory_bytes - bytes)) {
    return kOutOfMemory;
  }
  auto memory = std::make_shared<Allocation>();
  void* address = nullptr;
  if (posix_memalign(&address, kAlignment, bytes) != 0) return kOutOfMemory;
  std::memset(address, kFresh, std::min(bytes, kFilledBytes));
  memory->kind = kind;
  memory->address = static_cast<char*>(address);
  memory->bytes = bytes;
  memory->device = context.device;
  memory->flags = flags;
  if (is_host) {
    s.host_memory[memory->address] = memory;
    s.host_bytes += bytes;
  } else {
    s.device_memory[memory->address] = memory;
    s.device_bytes += bytes;
    context.device_bytes += bytes;
  }
  *made = std::move(memory);
  return kSuccess;
}

void FreeNow(const char* entry, const AllocationRef& memory) {
  State& s = state();
  const bool is_host = IsHost(memory->kind);
  if (memory->uses > 0) {
    Violate(std::string(entry) + " frees " + Describe(memory->address, memory->bytes) +
            ", which queued or running work uses");
  }
  memory->is_live = false;
  if (is_host) {
    s.host_bytes -= memory->bytes;
  } else {
    Context& context = s.contexts[memory->device];
    s.device_bytes -= memory->bytes;
    context.device_bytes -= memory->bytes;
  }
  AllocationRef kept = memory;
  (is_host ? s.host_memory : s.device_memory).erase(memory->address);
  if (kept->kind == MemoryKind::kRegistered) return;
  if (kept->uses == 0 && kept->bytes <= kKeptBytes) {
    std::memset(kept->address, kFreed, kept->bytes);
    s.freed.push_back(std::move(kept));
    if (s.freed.size() > kKeptBlocks) s.freed.pop_front();
  }
}

void FreeAll(Context& context) {
  std::vector<AllocationRef> all;
  for (auto* blocks : {&state().device_memory, &state().host_memory}) {
    for (const auto& [address, memory] : *blocks) {
      if (memory->device == context.device) all.push_back(memory);
    }
  }
  for (const AllocationRef& memory : all) FreeNow("the end of the context", memory);
}

size_t CountMemory(int device) {
  size_t count = 0;
  for (auto* blocks : {&state().device_memory, &state().host_memory}) {
    for (const auto& [address, memory] : *blocks) count += memory->device == device;
  }
  return count;
}

KernelScope::KernelScope() { t_is_in_kernel = true; }

KernelScope::~KernelScope() {
  t_is_in_kernel = false;
  if (t_pinned_by_kernel == nullptr) return;
  Lock lock(state().mutex);
  for (const AllocationRef& memory : *t_pinned_by_kernel) memory->uses--;
  delete t_pinned_by_kernel;
  t_pinned_by_kernel = nullptr;
}

}  // namespace standin

STANDIN_API int trtn_standin_is_device_memory(const void* address, unsigned long long bytes) {
  using namespace standin;  // NOLINT: one function
  Lock lock(state().mutex);
  AllocationRef memory = FindDeviceMemory(address);
  if (memory == nullptr) {
    memory = FindHostMemory(address);
    if (memory == nullptr || !(memory->flags & 2)) return 0;
  }
  if (!IsInside(*memory, address, bytes)) return 0;
  if (t_is_in_kernel) {
    if (!memory->is_ready)
      Violate("a kernel uses " + Describe(address, bytes) + " before its allocation is reached");
    if (t_pinned_by_kernel == nullptr) t_pinned_by_kernel = new std::vector<AllocationRef>;
    memory->uses++;
    t_pinned_by_kernel->push_back(std::move(memory));
  }
  return 1;
}
