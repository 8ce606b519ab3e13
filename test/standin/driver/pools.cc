// SPDX-License-Identifier: Apache-2.0
// Memory that is allocated and freed in the order of a stream. Each device has its default pool and no other.
#include <algorithm>

#include "memory.h"
#include "scheduler.h"

namespace standin {
namespace {

CUmemoryPool PoolOf(int device) { return reinterpret_cast<CUmemoryPool>(0x550000000010 + device * 16); }

Context* ContextOfPool(CUmemoryPool pool) {
  for (Context& context : state().contexts) {
    if (PoolOf(context.device) == pool) return &context;
  }
  return nullptr;
}

CUresult AllocateInStream(Call& call, size_t bytes, CUstream handle, CUdeviceptr* address) {
  if (!state().configuration.has_pools) return kNotSupported;
  if (bytes == 0) return call.Fail(kInvalidValue, "is asked for 0 bytes");
  const std::shared_ptr<Stream> stream = FindStream(call, handle);
  if (stream == nullptr) return kInvalidHandle;
  if (stream->capture != nullptr)
    return call.Fail(kCaptureUnsupported, "is captured, which is not supported here");
  Context& context = *call.context;
  if (stream->context != &context) return call.Fail(kInvalidContext, "uses a stream of another context");
  AllocationRef memory;
  // What the pool holds back serves first: Allocate() counts it as taken.
  const size_t reserved = context.pool_reserved;
  context.pool_reserved = std::max(context.pool_used, reserved - std::min(reserved, bytes));
  const CUresult result = Allocate(context, MemoryKind::kPooled, bytes, 0, &memory);
  context.pool_reserved = reserved;
  if (result != kSuccess) return result;
  context.pool_used += bytes;
  context.pool_reserved = std::max(context.pool_reserved, context.pool_used);
  context.pool_high = std::max(context.pool_high, context.pool_used);
  memory->is_ready = false;
  *address = reinterpret_cast<CUdeviceptr>(memory->address);
  Op op;
  op.kind = OpKind::kAlloc;
  op.memory[0] = std::move(memory);
  return Submit(call, stream, std::move(op));
}

}  // namespace
}  // namespace standin

using namespace standin;  // NOLINT: the entry points below are all that follows

STANDIN_API CUresult cuMemAllocAsync(CUdeviceptr* address, size_t bytes, CUstream stream) {
  Call call(Entry::cuMemAllocAsync, kCurrentContext);
  if (call.result != kSuccess) return call.result;
  return AllocateInStream(call, bytes, stream, address);
}

STANDIN_API CUresult cuMemFreeAsync(CUdeviceptr address, CUstream handle) {
  Call call(Entry::cuMemFreeAsync, kCurrentContext | kClosing);
  if (call.result != kSuccess) return call.result;
  if (address == 0) return call.Done();
  const void* pointer = reinterpret_cast<void*>(address);
  const AllocationRef memory = FindDeviceMemory(pointer);
  if (memory == nullptr || memory->address != pointer || memory->is_freeing) {
    return call.Fail(kInvalidValue, "is given " + HexText(pointer) + ", where no live allocation begins");
  }
  if (memory->kind != MemoryKind::kPooled) {
    return call.Fail(kInvalidValue, "is given memory that cuMemAllocAsync did not make");
  }
  const std::shared_ptr<Stream> stream = FindStream(call, handle);
  if (stream == nullptr) return kInvalidHandle;
  if (stream->capture != nullptr)
    return call.Fail(kCaptureUnsupported, "is captured, which is not supported here");
  memory->is_freeing = true;
  Op op;
  op.kind = OpKind::kFree;
  op.memory[0] = memory;
  Enqueue(call.lock, stream, std::move(op));
  return call.Done();
}

STANDIN_API CUresult cuDeviceGetDefaultMemPool(CUmemoryPool* pool, CUdevice device) {
  Call call(Entry::cuDeviceGetDefaultMemPool, kNothing);
  if (call.result != kSuccess) return call.result;
  if (!state().configuration.has_pools) return kNotSupported;
  if (device < 0 || device >= kMaxDevices)
    return call.Fail(kInvalidDevice, "is given a device that is not there");
  *pool = PoolOf(device);
  return kSuccess;
}

STANDIN_API CUresult cuMemPoolSetAttribute(CUmemoryPool pool, int attribute, void* value) {
  Call call(Entry::cuMemPoolSetAttribute, kNothing);
  if (call.result != kSuccess) return call.result;
  Context* context = ContextOfPool(pool);
  if (context == nullptr) return call.Fail(kInvalidValue, "is given no pool");
  switch (attribute) {
    case 1:  // reuse policies, which change nothing here
    case 2:
    case 3:
      return kSuccess;
    case 4:  // release threshold
      context->pool_threshold = *static_cast<uint64_t*>(value);
      return kSuccess;
    case 6:  // high-water marks, which can be set to 0
    case 8:
      context->pool_high = context->pool_used;
      return kSuccess;
    default:
      return kInvalidValue;
  }
}

STANDIN_API CUresult cuMemPoolGetAttribute(CUmemoryPool pool, int attribute, void* value) {
  Call call(Entry::cuMemPoolGetAttribute, kNothing);
  if (call.result != kSuccess) return call.result;
  const Context* context = ContextOfPool(pool);
  if (context == nullptr) return call.Fail(kInvalidValue, "is given no pool");
  switch (attribute) {
    case 4:
      *static_cast<uint64_t*>(value) = context->pool_threshold;
      return kSuccess;
    case 5:
      *static_cast<uint64_t*>(value) = context->pool_reserved;
      return kSuccess;
    case 7:
      *static_cast<uint64_t*>(value) = context->pool_used;
      return kSuccess;
    case 6:
    case 8:
      *static_cast<uint64_t*>(value) = context->pool_high;
      return kSuccess;
    default:
      return kInvalidValue;
  }
}

STANDIN_API CUresult cuMemPoolTrimTo(CUmemoryPool pool, size_t bytes_to_keep) {
  Call call(Entry::cuMemPoolTrimTo, kNothing);
  if (call.result != kSuccess) return call.result;
  Context* context = ContextOfPool(pool);
  if (context == nullptr) return call.Fail(kInvalidValue, "is given no pool");
  context->pool_reserved = std::max(context->pool_used, std::min(context->pool_reserved, bytes_to_keep));
  return kSuccess;
}
