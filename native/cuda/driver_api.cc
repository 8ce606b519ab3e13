// SPDX-License-Identifier: Apache-2.0
#include "cuda/driver_api.h"

#include <type_traits>

namespace trtn::cuda {
namespace {

template <class Visit>
void ForEachRequired(DriverApi& api, Visit visit) {
  visit("cuInit", api.cuInit);
  visit("cuDriverGetVersion", api.cuDriverGetVersion);
  visit("cuGetErrorName", api.cuGetErrorName);
  visit("cuGetErrorString", api.cuGetErrorString);
  visit("cuDeviceGetCount", api.cuDeviceGetCount);
  visit("cuDeviceGet", api.cuDeviceGet);
  visit("cuDeviceGetName", api.cuDeviceGetName);
  visit("cuDeviceTotalMem_v2", api.cuDeviceTotalMem_v2);
  visit("cuDeviceGetAttribute", api.cuDeviceGetAttribute);
  visit("cuDevicePrimaryCtxRetain", api.cuDevicePrimaryCtxRetain);
  visit("cuDevicePrimaryCtxRelease_v2", api.cuDevicePrimaryCtxRelease_v2);
  visit("cuCtxSetCurrent", api.cuCtxSetCurrent);
  visit("cuCtxPushCurrent_v2", api.cuCtxPushCurrent_v2);
  visit("cuCtxPopCurrent_v2", api.cuCtxPopCurrent_v2);
  visit("cuCtxGetStreamPriorityRange", api.cuCtxGetStreamPriorityRange);
  visit("cuMemGetInfo_v2", api.cuMemGetInfo_v2);
  visit("cuMemAlloc_v2", api.cuMemAlloc_v2);
  visit("cuMemFree_v2", api.cuMemFree_v2);
  visit("cuMemHostAlloc", api.cuMemHostAlloc);
  visit("cuMemFreeHost", api.cuMemFreeHost);
  visit("cuMemHostGetDevicePointer_v2", api.cuMemHostGetDevicePointer_v2);
  visit("cuMemcpyHtoDAsync_v2", api.cuMemcpyHtoDAsync_v2);
  visit("cuMemcpyDtoHAsync_v2", api.cuMemcpyDtoHAsync_v2);
  visit("cuMemcpyDtoDAsync_v2", api.cuMemcpyDtoDAsync_v2);
  visit("cuMemsetD8Async", api.cuMemsetD8Async);
  visit("cuStreamCreateWithPriority", api.cuStreamCreateWithPriority);
  visit("cuStreamDestroy_v2", api.cuStreamDestroy_v2);
  visit("cuStreamSynchronize", api.cuStreamSynchronize);
  visit("cuStreamQuery", api.cuStreamQuery);
  visit("cuStreamWaitEvent", api.cuStreamWaitEvent);
  visit("cuEventCreate", api.cuEventCreate);
  visit("cuEventDestroy_v2", api.cuEventDestroy_v2);
  visit("cuEventRecord", api.cuEventRecord);
  visit("cuEventRecordWithFlags", api.cuEventRecordWithFlags);
  visit("cuEventSynchronize", api.cuEventSynchronize);
  visit("cuEventElapsedTime", api.cuEventElapsedTime);
  visit("cuStreamBeginCapture_v2", api.cuStreamBeginCapture_v2);
  visit("cuStreamEndCapture", api.cuStreamEndCapture);
  visit("cuStreamIsCapturing", api.cuStreamIsCapturing);
  visit("cuGraphInstantiateWithFlags", api.cuGraphInstantiateWithFlags);
  visit("cuGraphLaunch", api.cuGraphLaunch);
  visit("cuGraphExecDestroy", api.cuGraphExecDestroy);
  visit("cuGraphDestroy", api.cuGraphDestroy);
  visit("cuModuleLoadDataEx", api.cuModuleLoadDataEx);
  visit("cuModuleGetFunction", api.cuModuleGetFunction);
  visit("cuModuleUnload", api.cuModuleUnload);
  visit("cuLaunchKernel", api.cuLaunchKernel);
}

template <class Visit>
void ForEachOptional(DriverApi& api, Visit visit) {
  visit("cuDeviceGetUuid_v2", api.cuDeviceGetUuid_v2);
  visit("cuDeviceGetPCIBusId", api.cuDeviceGetPCIBusId);
  visit("cuDeviceGetDefaultMemPool", api.cuDeviceGetDefaultMemPool);
  visit("cuMemPoolSetAttribute", api.cuMemPoolSetAttribute);
  visit("cuMemPoolTrimTo", api.cuMemPoolTrimTo);
  visit("cuMemAllocAsync", api.cuMemAllocAsync);
  visit("cuMemFreeAsync", api.cuMemFreeAsync);
  visit("cuGraphUpload", api.cuGraphUpload);
}

}  // namespace

std::string LoadDriverApi(DriverApi& api, const std::function<void*(const char*)>& find) {
  std::string missing;
  auto load = [&](const char* name, auto& entry) {
    entry = reinterpret_cast<std::remove_reference_t<decltype(entry)>>(find(name));
    return entry != nullptr;
  };
  ForEachRequired(api, [&](const char* name, auto& entry) {
    if (!load(name, entry)) missing += (missing.empty() ? "" : ", ") + std::string(name);
  });
  ForEachOptional(api, load);
  return missing;
}

}  // namespace trtn::cuda
