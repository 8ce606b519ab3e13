// SPDX-License-Identifier: Apache-2.0
#include "memory.h"

namespace standin {
namespace {

constexpr unsigned kMapped = 2;  // CU_MEMHOSTALLOC_DEVICEMAP, CU_MEMHOSTREGISTER_DEVICEMAP

/// The allocation that begins at an address.
AllocationRef BeginningAt(const std::map<const char*, AllocationRef>& blocks, const void* address) {
  const auto found = blocks.find(static_cast<const char*>(address));
  return found == blocks.end() ? nullptr : found->second;
}

CUresult FreeHost(Call& call, void* address, MemoryKind kind) {
  const AllocationRef memory = BeginningAt(state().host_memory, address);
  if (memory == nullptr || memory->kind != kind) {
    return call.Fail(kInvalidValue, "is given " + HexText(address) + ", which is no memory of its kind");
  }
  FreeNow(call.name(), memory);
  return call.Done();
}

CUresult PointerAttribute(const Allocation& memory, int attribute, void* data) {
  const bool is_host = memory.kind == MemoryKind::kPinned || memory.kind == MemoryKind::kRegistered;
  switch (attribute) {
    case 1:  // context
      *static_cast<CUcontext*>(data) = HandleOf(&state().contexts[memory.device]);
      return kSuccess;
    case 2:  // kind: 1 host, 2 device
      *static_cast<unsigned*>(data) = is_host ? 1 : 2;
      return kSuccess;
    case 8:  // managed
      *static_cast<unsigned char*>(data) = 0;
      return kSuccess;
    case 9:  // ordinal of the device
      *static_cast<int*>(data) = memory.device;
      return kSuccess;
    case 11:  // beginning
      *static_cast<CUdeviceptr*>(data) = reinterpret_cast<CUdeviceptr>(memory.address);
      return kSuccess;
    case 12:  // size
      *static_cast<size_t*>(data) = memory.bytes;
      return kSuccess;
    case 13:  // mapped
      *static_cast<unsigned char*>(data) = !is_host || (memory.flags & kMapped);
      return kSuccess;
    default:
      return kInvalidValue;
  }
}

}  // namespace
}  // namespace standin

using namespace standin;  // NOLINT: the entry points below are all that follows

STANDIN_API CUresult cuMemGetInfo_v2(size_t* free, size_t* total) {
  Call call(Entry::cuMemGetInfo_v2, kCurrentContext);
  if (call.result != kSuccess) return call.result;
  const Context& context = *call.context;
  const size_t held = context.device_bytes + context.pool_reserved - context.pool_used;
  *total = state().configuration.memory_bytes;
  *free = *total > held ? *total - held : 0;
  return kSuccess;
}

STANDIN_API CUresult cuMemAlloc_v2(CUdeviceptr* address, size_t bytes) {
  Call call(Entry::cuMemAlloc_v2, kCurrentContext | kUnsafeInCapture);
  if (call.result != kSuccess) return call.result;
  if (bytes == 0) return call.Fail(kInvalidValue, "is asked for 0 bytes");
  AllocationRef memory;
  const CUresult result = Allocate(*call.context, MemoryKind::kDevice, bytes, 0, &memory);
  if (result == kSuccess) *address = reinterpret_cast<CUdeviceptr>(memory->address);
  return result;
}

STANDIN_API CUresult cuMemFree_v2(CUdeviceptr address) {
  Call call(Entry::cuMemFree_v2, kCurrentContext | kClosing | kUnsafeInCapture);
  if (call.result != kSuccess) return call.result;
  if (address == 0) return call.Done();
  const void* pointer = reinterpret_cast<void*>(address);
  const AllocationRef memory = BeginningAt(state().device_memory, pointer);
  if (memory == nullptr || memory->is_freeing) {
    return call.Fail(kInvalidValue, "is given " + HexText(pointer) + ", where no live allocation begins");
  }
  if (memory->kind == MemoryKind::kPooled) state().contexts[memory->device].pool_used -= memory->bytes;
  FreeNow(call.name(), memory);
  return call.Done();
}

STANDIN_API CUresult cuMemHostAlloc(void** address, size_t bytes, unsigned flags) {
  Call call(Entry::cuMemHostAlloc, kCurrentContext | kUnsafeInCapture);
  if (call.result != kSuccess) return call.result;
  if (bytes == 0) return call.Fail(kInvalidValue, "is asked for 0 bytes");
  AllocationRef memory;
  const CUresult result = Allocate(*call.context, MemoryKind::kPinned, bytes, flags, &memory);
  if (result == kSuccess) *address = memory->address;
  return result;
}

STANDIN_API CUresult cuMemFreeHost(void* address) {
  Call call(Entry::cuMemFreeHost, kCurrentContext | kClosing | kUnsafeInCapture);
  if (call.result != kSuccess) return call.result;
  return FreeHost(call, address, MemoryKind::kPinned);
}

STANDIN_API CUresult cuMemHostRegister_v2(void* address, size_t bytes, unsigned flags) {
  Call call(Entry::cuMemHostRegister_v2, kCurrentContext | kUnsafeInCapture);
  if (call.result != kSuccess) return call.result;
  if (bytes == 0 || address == nullptr) return call.Fail(kInvalidValue, "is given no memory");
  State& s = state();
  const auto next = s.host_memory.lower_bound(static_cast<char*>(address));
  if (FindHostMemory(address) != nullptr ||
      (next != s.host_memory.end() && next->first < static_cast<char*>(address) + bytes)) {
    return kHostMemoryAlreadyRegistered;
  }
  auto memory = std::make_shared<Allocation>();
  memory->kind = MemoryKind::kRegistered;
  memory->address = static_cast<char*>(address);
  memory->bytes = bytes;
  memory->device = call.context->device;
  memory->flags = flags;
  s.host_bytes += bytes;
  s.host_memory[memory->address] = std::move(memory);
  return kSuccess;
}

STANDIN_API CUresult cuMemHostUnregister(void* address) {
  Call call(Entry::cuMemHostUnregister, kCurrentContext | kClosing | kUnsafeInCapture);
  if (call.result != kSuccess) return call.result;
  return FreeHost(call, address, MemoryKind::kRegistered);
}

STANDIN_API CUresult cuMemHostGetDevicePointer_v2(CUdeviceptr* device, void* host, unsigned) {
  Call call(Entry::cuMemHostGetDevicePointer_v2, kCurrentContext);
  if (call.result != kSuccess) return call.result;
  const AllocationRef memory = FindHostMemory(host);
  if (memory == nullptr || !(memory->flags & kMapped)) {
    return call.Fail(kInvalidValue, "is given " + HexText(host) + ", which is no mapped host memory");
  }
  *device = reinterpret_cast<CUdeviceptr>(host);
  return kSuccess;
}

STANDIN_API CUresult cuPointerGetAttribute(void* data, int attribute, CUdeviceptr address) {
  Call call(Entry::cuPointerGetAttribute, kCurrentContext);
  if (call.result != kSuccess) return call.result;
  const void* pointer = reinterpret_cast<void*>(address);
  AllocationRef memory = FindDeviceMemory(pointer);
  if (memory == nullptr) memory = FindHostMemory(pointer);
  // Asking about any address is allowed: that is what the call is for.
  return memory == nullptr ? kInvalidValue : PointerAttribute(*memory, attribute, data);
}
