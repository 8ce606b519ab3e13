// SPDX-License-Identifier: Apache-2.0
//
// The official headers of the family that a file is compiled for, and what the stand-in driver exports. The
// same sources make the stand-ins of TensorRT 10, TensorRT 11 and TensorRT-RTX.
#pragma once

// The entry points are exported by the headers' own macro: no other file may include these headers first.
#define TENSORRT_BUILD_LIB
#include <NvInfer.h>
#include <NvInferPlugin.h>
#include <NvOnnxParser.h>

#include <cstddef>
#include <cstdint>

#include "../standin.h"

#if defined(TRT_MAJOR_RTX)
#define STANDIN_IS_RTX 1
#define STANDIN_IS_10 0
#else
#define STANDIN_IS_RTX 0
#define STANDIN_IS_10 (TRT_MAJOR_ENTERPRISE == 10)
#endif

#if !defined(STANDIN_LEAN)
#define STANDIN_LEAN 0
#endif

namespace standin {

namespace nv = nvinfer1;

#if STANDIN_IS_RTX
constexpr int kVersion = 10701;
constexpr int kVersionParts[] = {1, 7, 1, 116};
constexpr char kMagic[] = "vtrt";
constexpr size_t kHeaderBytes = 64;
#elif STANDIN_IS_10
constexpr int kVersion = 101501;
constexpr int kVersionParts[] = {10, 15, 1, 29};
constexpr char kMagic[] = "ftrt";
constexpr size_t kHeaderBytes = 28;
#else
constexpr int kVersion = 110201;
constexpr int kVersionParts[] = {11, 2, 1, 6};
constexpr char kMagic[] = "ftrt";
constexpr size_t kHeaderBytes = 28;
#endif

}  // namespace standin

// The driver's entry points that the stand-in calls itself, as the real one does through its own runtime.
extern "C" {
int cuInit(unsigned int flags);
int cuDeviceGet(int* device, int ordinal);
int cuDeviceGetAttribute(int* value, int attribute, int device);
int cuCtxGetDevice(int* device) __attribute__((weak));
int cuMemAlloc_v2(unsigned long long* pointer, size_t bytes);
int cuMemFree_v2(unsigned long long pointer);
int cuMemcpyDtoDAsync_v2(unsigned long long to, unsigned long long from, size_t bytes, cudaStream_t stream);
int cuStreamSynchronize(cudaStream_t stream);
int cuStreamIsCapturing(cudaStream_t stream, int* status);
int cuStreamCreateWithPriority(cudaStream_t* stream, unsigned int flags, int priority);
int cuStreamDestroy_v2(cudaStream_t stream);
int cuStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned int flags);
int cuEventCreate(cudaEvent_t* event, unsigned int flags);
int cuEventDestroy_v2(cudaEvent_t event);
int cuEventRecord(cudaEvent_t event, cudaStream_t stream);
}
