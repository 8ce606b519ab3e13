// SPDX-License-Identifier: Apache-2.0
// The part of the CUDA driver API that is called, declared here because the vendor's header may not be
// redistributed. Names are those that libcuda exports (its header maps the plain names to the _v2 ones).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

// The driver's opaque types, in the global namespace as in the vendor's header: TensorRT's headers name them
// too.
struct CUctx_st;
struct CUstream_st;
struct CUevent_st;
struct CUgraph_st;
struct CUgraphExec_st;
struct CUmemPoolHandle_st;
struct CUmod_st;
struct CUfunc_st;

namespace trtn::cuda {

using Result = int;                              // CUresult
using DeviceHandle = int;                        // CUdevice
using DevicePointer = unsigned long long;        // CUdeviceptr
using ContextHandle = ::CUctx_st*;               // CUcontext
using StreamHandle = ::CUstream_st*;             // CUstream, cudaStream_t
using EventHandle = ::CUevent_st*;               // CUevent, cudaEvent_t
using GraphHandle = ::CUgraph_st*;               // CUgraph
using GraphExecHandle = ::CUgraphExec_st*;       // CUgraphExec
using MemoryPoolHandle = ::CUmemPoolHandle_st*;  // CUmemoryPool
using ModuleHandle = ::CUmod_st*;                // CUmodule
using FunctionHandle = ::CUfunc_st*;             // CUfunction

struct Uuid {
  unsigned char bytes[16];
};

/// The driver's entry points. All but those in the last group are there in every driver since CUDA 11.8.
struct DriverApi {
  Result (*cuInit)(unsigned int flags) = nullptr;
  Result (*cuDriverGetVersion)(int* version) = nullptr;
  Result (*cuGetErrorName)(Result error, const char** text) = nullptr;
  Result (*cuGetErrorString)(Result error, const char** text) = nullptr;

  Result (*cuDeviceGetCount)(int* count) = nullptr;
  Result (*cuDeviceGet)(DeviceHandle* device, int ordinal) = nullptr;
  Result (*cuDeviceGetName)(char* name, int length, DeviceHandle device) = nullptr;
  Result (*cuDeviceTotalMem_v2)(size_t* bytes, DeviceHandle device) = nullptr;
  Result (*cuDeviceGetAttribute)(int* value, int attribute, DeviceHandle device) = nullptr;

  Result (*cuDevicePrimaryCtxRetain)(ContextHandle* context, DeviceHandle device) = nullptr;
  Result (*cuDevicePrimaryCtxRelease_v2)(DeviceHandle device) = nullptr;
  Result (*cuCtxSetCurrent)(ContextHandle context) = nullptr;
  Result (*cuCtxPushCurrent_v2)(ContextHandle context) = nullptr;
  Result (*cuCtxPopCurrent_v2)(ContextHandle* context) = nullptr;
  Result (*cuCtxGetStreamPriorityRange)(int* least, int* greatest) = nullptr;

  Result (*cuMemGetInfo_v2)(size_t* free_bytes, size_t* total_bytes) = nullptr;
  Result (*cuMemAlloc_v2)(DevicePointer* pointer, size_t bytes) = nullptr;
  Result (*cuMemFree_v2)(DevicePointer pointer) = nullptr;
  Result (*cuMemHostAlloc)(void** memory, size_t bytes, unsigned int flags) = nullptr;
  Result (*cuMemFreeHost)(void* memory) = nullptr;
  Result (*cuMemHostGetDevicePointer_v2)(DevicePointer* pointer, void* memory, unsigned int flags) = nullptr;

  Result (*cuMemcpyHtoDAsync_v2)(DevicePointer to, const void* from, size_t bytes,
                                 StreamHandle stream) = nullptr;
  Result (*cuMemcpyDtoHAsync_v2)(void* to, DevicePointer from, size_t bytes, StreamHandle stream) = nullptr;
  Result (*cuMemcpyDtoDAsync_v2)(DevicePointer to, DevicePointer from, size_t bytes,
                                 StreamHandle stream) = nullptr;
  Result (*cuMemsetD8Async)(DevicePointer to, unsigned char value, size_t count,
                            StreamHandle stream) = nullptr;

  Result (*cuStreamCreateWithPriority)(StreamHandle* stream, unsigned int flags, int priority) = nullptr;
  Result (*cuStreamDestroy_v2)(StreamHandle stream) = nullptr;
  Result (*cuStreamSynchronize)(StreamHandle stream) = nullptr;
  Result (*cuStreamQuery)(StreamHandle stream) = nullptr;
  Result (*cuStreamWaitEvent)(StreamHandle stream, EventHandle event, unsigned int flags) = nullptr;

  Result (*cuEventCreate)(EventHandle* event, unsigned int flags) = nullptr;
  Result (*cuEventDestroy_v2)(EventHandle event) = nullptr;
  Result (*cuEventRecord)(EventHandle event, StreamHandle stream) = nullptr;
  Result (*cuEventRecordWithFlags)(EventHandle event, StreamHandle stream, unsigned int flags) = nullptr;
  Result (*cuEventSynchronize)(EventHandle event) = nullptr;
  Result (*cuEventElapsedTime)(float* milliseconds, EventHandle start, EventHandle end) = nullptr;

  Result (*cuStreamBeginCapture_v2)(StreamHandle stream, int mode) = nullptr;
  Result (*cuStreamEndCapture)(StreamHandle stream, GraphHandle* graph) = nullptr;
  Result (*cuStreamIsCapturing)(StreamHandle stream, int* status) = nullptr;
  Result (*cuGraphInstantiateWithFlags)(GraphExecHandle* exec, GraphHandle graph,
                                        unsigned long long flags) = nullptr;
  Result (*cuGraphLaunch)(GraphExecHandle exec, StreamHandle stream) = nullptr;
  Result (*cuGraphExecDestroy)(GraphExecHandle exec) = nullptr;
  Result (*cuGraphDestroy)(GraphHandle graph) = nullptr;

  Result (*cuModuleLoadDataEx)(ModuleHandle* module, const void* image, unsigned int count, int* options,
                               void** values) = nullptr;
  Result (*cuModuleGetFunction)(FunctionHandle* function, ModuleHandle module, const char* name) = nullptr;
  Result (*cuModuleUnload)(ModuleHandle module) = nullptr;
  Result (*cuLaunchKernel)(FunctionHandle function, unsigned int grid_x, unsigned int grid_y,
                           unsigned int grid_z, unsigned int block_x, unsigned int block_y,
                           unsigned int block_z, unsigned int shared_bytes, StreamHandle stream,
                           void** parameters, void** extra) = nullptr;

  // Null where the driver has none.
  Result (*cuDeviceGetUuid_v2)(Uuid* uuid, DeviceHandle device) = nullptr;
  Result (*cuDeviceGetPCIBusId)(char* text, int length, DeviceHandle device) = nullptr;
  Result (*cuDeviceGetDefaultMemPool)(MemoryPoolHandle* pool, DeviceHandle device) = nullptr;
  Result (*cuMemPoolSetAttribute)(MemoryPoolHandle pool, int attribute, void* value) = nullptr;
  Result (*cuMemPoolTrimTo)(MemoryPoolHandle pool, size_t bytes_to_keep) = nullptr;
  Result (*cuMemAllocAsync)(DevicePointer* pointer, size_t bytes, StreamHandle stream) = nullptr;
  Result (*cuMemFreeAsync)(DevicePointer pointer, StreamHandle stream) = nullptr;
  Result (*cuGraphUpload)(GraphExecHandle exec, StreamHandle stream) = nullptr;
};

/// Fills what `find` (dlsym) knows, and returns the names that it lacks of those that every driver has.
std::string LoadDriverApi(DriverApi& api, const std::function<void*(const char*)>& find);

// CUresult values that are told apart; driver.cc lists what they mean for the device.
constexpr Result kSuccess = 0;
constexpr Result kOutOfMemory = 2;
constexpr Result kStubLibrary = 34;
constexpr Result kInsufficientDriver = 35;
constexpr Result kDeviceUnavailable = 46;
constexpr Result kNoDevice = 100;
constexpr Result kInvalidDevice = 101;
constexpr Result kSystemNotReady = 802;
constexpr Result kSystemDriverMismatch = 803;
constexpr Result kCompatNotSupported = 804;

// CUdevice_attribute values.
constexpr int kAttributeMultiprocessorCount = 16;
constexpr int kAttributeIntegrated = 18;
constexpr int kAttributeCanMapHostMemory = 19;
constexpr int kAttributeComputeCapabilityMajor = 75;
constexpr int kAttributeComputeCapabilityMinor = 76;
constexpr int kAttributeMemoryPoolsSupported = 115;

// Flags: CU_STREAM_NON_BLOCKING, CU_EVENT_*, CU_MEMHOSTALLOC_*.
constexpr unsigned int kStreamNonBlocking = 1;
constexpr unsigned int kEventBlockingSync = 1;
constexpr unsigned int kEventDisableTiming = 2;
/// CU_EVENT_RECORD_EXTERNAL
constexpr unsigned int kEventRecordExternal = 1;
constexpr unsigned int kHostAllocPortable = 1;
constexpr unsigned int kHostAllocDeviceMap = 2;
/// CU_STREAM_CAPTURE_MODE_THREAD_LOCAL
constexpr int kCaptureModeThreadLocal = 1;
/// CU_MEMPOOL_ATTR_RELEASE_THRESHOLD: a uint64_t, bytes that a pool keeps instead of giving them back.
constexpr int kPoolReleaseThreshold = 4;

// CU_JIT_ERROR_LOG_BUFFER and CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES.
constexpr int kJitErrorLog = 5;
constexpr int kJitErrorLogBytes = 6;
// CU_LAUNCH_PARAM_*: the words before the address and the size of a kernel's parameters.
inline void* const kLaunchEnd = nullptr;
inline void* const kLaunchBufferPointer = reinterpret_cast<void*>(1);
inline void* const kLaunchBufferSize = reinterpret_cast<void*>(2);

}  // namespace trtn::cuda
