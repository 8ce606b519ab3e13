// SPDX-License-Identifier: Apache-2.0
#include "memory.h"
#include "scheduler.h"

namespace standin {
namespace {

/// Enqueues a copy whose sides are known. Real drivers copy pageable memory before they return.
CUresult Copy(Call& call, OpKind kind, const AllocationRef& to_memory, char* to,
              const AllocationRef& from_memory, const char* from, size_t bytes, CUstream handle) {
  const std::shared_ptr<Stream> stream = FindStream(call, handle);
  if (stream == nullptr) return kInvalidHandle;
  Op op;
  op.kind = kind;
  op.to = to;
  op.from = from;
  op.bytes = bytes;
  op.duration_us = CopyDuration(kind, bytes);
  op.memory[0] = to_memory;
  op.memory[1] = from_memory;
  const bool is_pageable = to_memory == nullptr || from_memory == nullptr;
  const CUresult result = Submit(call, stream, std::move(op));
  if (result == kSuccess && is_pageable && stream->capture == nullptr) SynchronizeStream(call.lock, stream);
  return result;
}

CUresult CopyToDevice(Call& call, void* to, const void* from, size_t bytes, CUstream stream) {
  if (bytes == 0) return FindStream(call, stream) == nullptr ? kInvalidHandle : kSuccess;
  const AllocationRef device = CheckDeviceMemory(call, to, bytes);
  if (device == nullptr) return kInvalidValue;
  bool is_wrong = false;
  const AllocationRef host = CheckHostMemory(call, from, bytes, &is_wrong);
  if (is_wrong) return kInvalidValue;
  return Copy(call, OpKind::kH2d, device, static_cast<char*>(to), host, static_cast<const char*>(from), bytes,
              stream);
}

CUresult CopyToHost(Call& call, void* to, const void* from, size_t bytes, CUstream stream) {
  if (bytes == 0) return FindStream(call, stream) == nullptr ? kInvalidHandle : kSuccess;
  const AllocationRef device = CheckDeviceMemory(call, from, bytes);
  if (device == nullptr) return kInvalidValue;
  bool is_wrong = false;
  const AllocationRef host = CheckHostMemory(call, to, bytes, &is_wrong);
  if (is_wrong) return kInvalidValue;
  return Copy(call, OpKind::kD2h, host, static_cast<char*>(to), device, static_cast<const char*>(from), bytes,
              stream);
}

CUresult CopyOnDevice(Call& call, void* to, const void* from, size_t bytes, CUstream stream) {
  if (bytes == 0) return FindStream(call, stream) == nullptr ? kInvalidHandle : kSuccess;
  const AllocationRef target = CheckDeviceMemory(call, to, bytes);
  const AllocationRef source = target == nullptr ? nullptr : CheckDeviceMemory(call, from, bytes);
  if (source == nullptr) return kInvalidValue;
  return Copy(call, OpKind::kD2d, target, static_cast<char*>(to), source, static_cast<const char*>(from),
              bytes, stream);
}

CUresult Fill(Call& call, CUdeviceptr to, uint32_t value, int width, size_t count, CUstream handle) {
  const std::shared_ptr<Stream> stream = FindStream(call, handle);
  if (stream == nullptr) return kInvalidHandle;
  if (count == 0) return kSuccess;
  Op op;
  op.kind = OpKind::kMemset;
  op.to = reinterpret_cast<char*>(to);
  op.bytes = count * static_cast<size_t>(width);
  op.value = value;
  op.width = width;
  op.memory[0] = CheckDeviceMemory(call, op.to, op.bytes);
  if (op.memory[0] == nullptr) return kInvalidValue;
  return Submit(call, stream, std::move(op));
}

}  // namespace
}  // namespace standin

using namespace standin;  // NOLINT: the entry points below are all that follows

STANDIN_API CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr to, const void* from, size_t bytes, CUstream stream) {
  Call call(Entry::cuMemcpyHtoDAsync_v2, kCurrentContext);
  if (call.result != kSuccess) return call.result;
  return CopyToDevice(call, reinterpret_cast<void*>(to), from, bytes, stream);
}

STANDIN_API CUresult cuMemcpyDtoHAsync_v2(void* to, CUdeviceptr from, size_t bytes, CUstream stream) {
  Call call(Entry::cuMemcpyDtoHAsync_v2, kCurrentContext);
  if (call.result != kSuccess) return call.result;
  return CopyToHost(call, to, reinterpret_cast<void*>(from), bytes, stream);
}

STANDIN_API CUresult cuMemcpyDtoDAsync_v2(CUdeviceptr to, CUdeviceptr from, size_t bytes, CUstream stream) {
  Call call(Entry::cuMemcpyDtoDAsync_v2, kCurrentContext);
  if (call.result != kSuccess) return call.result;
  return CopyOnDevice(call, reinterpret_cast<void*>(to), reinterpret_cast<void*>(from), bytes, stream);
}

STANDIN_API CUresult cuMemcpyAsync(CUdeviceptr to, CUdeviceptr from, size_t bytes, CUstream stream) {
  Call call(Entry::cuMemcpyAsync, kCurrentContext);
  if (call.result != kSuccess) return call.result;
  void* target = reinterpret_cast<void*>(to);
  const void* source = reinterpret_cast<void*>(from);
  const bool to_device = FindDeviceMemory(target) != nullptr;
  const bool from_device = FindDeviceMemory(source) != nullptr;
  if (to_device && from_device) return CopyOnDevice(call, target, source, bytes, stream);
  if (to_device) return CopyToDevice(call, target, source, bytes, stream);
  return CopyToHost(call, target, source, bytes, stream);
}

STANDIN_API CUresult cuMemsetD8Async(CUdeviceptr to, unsigned char value, size_t count, CUstream stream) {
  Call call(Entry::cuMemsetD8Async, kCurrentContext);
  if (call.result != kSuccess) return call.result;
  return Fill(call, to, value, 1, count, stream);
}

STANDIN_API CUresult cuMemsetD32Async(CUdeviceptr to, unsigned value, size_t count, CUstream stream) {
  Call call(Entry::cuMemsetD32Async, kCurrentContext);
  if (call.result != kSuccess) return call.result;
  return Fill(call, to, value, 4, count, stream);
}
