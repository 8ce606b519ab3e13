// SPDX-License-Identifier: Apache-2.0
#pragma once

// Every entry point under the name that the library exports. trtn_standin_launch counts as cuLaunchKernel
// too.
#define STANDIN_ENTRIES(X)             \
  X(cuInit)                            \
  X(cuDriverGetVersion)                \
  X(cuGetErrorName)                    \
  X(cuGetErrorString)                  \
  X(cuGetProcAddress_v2)               \
  X(cuDeviceGetCount)                  \
  X(cuDeviceGet)                       \
  X(cuDeviceGetName)                   \
  X(cuDeviceGetUuid_v2)                \
  X(cuDeviceTotalMem_v2)               \
  X(cuDeviceGetAttribute)              \
  X(cuDeviceGetPCIBusId)               \
  X(cuDevicePrimaryCtxRetain)          \
  X(cuDevicePrimaryCtxRelease_v2)      \
  X(cuCtxSetCurrent)                   \
  X(cuCtxGetCurrent)                   \
  X(cuCtxPushCurrent_v2)               \
  X(cuCtxPopCurrent_v2)                \
  X(cuCtxSynchronize)                  \
  X(cuCtxGetStreamPriorityRange)       \
  X(cuMemGetInfo_v2)                   \
  X(cuMemAlloc_v2)                     \
  X(cuMemFree_v2)                      \
  X(cuMemHostAlloc)                    \
  X(cuMemFreeHost)                     \
  X(cuMemHostRegister_v2)              \
  X(cuMemHostUnregister)               \
  X(cuMemHostGetDevicePointer_v2)      \
  X(cuPointerGetAttribute)             \
  X(cuMemAllocAsync)                   \
  X(cuMemFreeAsync)                    \
  X(cuDeviceGetDefaultMemPool)         \
  X(cuMemPoolCreate)                   \
  X(cuMemPoolDestroy)                  \
  X(cuMemAllocFromPoolAsync)           \
  X(cuMemPoolSetAttribute)             \
  X(cuMemPoolGetAttribute)             \
  X(cuMemPoolTrimTo)                   \
  X(cuMemcpyHtoDAsync_v2)              \
  X(cuMemcpyDtoHAsync_v2)              \
  X(cuMemcpyDtoDAsync_v2)              \
  X(cuMemcpyAsync)                     \
  X(cuMemsetD8Async)                   \
  X(cuMemsetD32Async)                  \
  X(cuStreamCreate)                    \
  X(cuStreamCreateWithPriority)        \
  X(cuStreamDestroy_v2)                \
  X(cuStreamSynchronize)               \
  X(cuStreamQuery)                     \
  X(cuStreamGetPriority)               \
  X(cuStreamWaitEvent)                 \
  X(cuLaunchHostFunc)                  \
  X(cuEventCreate)                     \
  X(cuEventDestroy_v2)                 \
  X(cuEventRecord)                     \
  X(cuEventRecordWithFlags)            \
  X(cuEventQuery)                      \
  X(cuEventSynchronize)                \
  X(cuEventElapsedTime)                \
  X(cuStreamBeginCapture_v2)           \
  X(cuStreamEndCapture)                \
  X(cuStreamIsCapturing)               \
  X(cuThreadExchangeStreamCaptureMode) \
  X(cuGraphInstantiateWithFlags)       \
  X(cuGraphLaunch)                     \
  X(cuGraphUpload)                     \
  X(cuGraphExecUpdate_v2)              \
  X(cuGraphExecDestroy)                \
  X(cuGraphDestroy)                    \
  X(cuModuleLoadData)                  \
  X(cuModuleLoadDataEx)                \
  X(cuModuleGetFunction)               \
  X(cuModuleUnload)                    \
  X(cuLaunchKernel)                    \
  X(cuFuncGetAttribute)                \
  X(cuFuncSetAttribute)                \
  X(cuOccupancyMaxPotentialBlockSize)

namespace standin {

enum class Entry {
#define STANDIN_ENUMERATOR(name) name,
  STANDIN_ENTRIES(STANDIN_ENUMERATOR)
#undef STANDIN_ENUMERATOR
      kCount
};
constexpr int kEntryCount = static_cast<int>(Entry::kCount);

/// The name without the suffix "_v2", which the vendor's header hides too.
const char* EntryName(Entry entry);

}  // namespace standin
