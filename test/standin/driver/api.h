// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

// The driver API's types and numbers as far as the stand-in needs them.
struct CUctx_st;
struct CUstream_st;
struct CUevent_st;
struct CUgraph_st;
struct CUgraphExec_st;
struct CUmemPoolHandle_st;
struct CUmod_st;
struct CUfunc_st;

using CUresult = int;
using CUdevice = int;
using CUdeviceptr = unsigned long long;
using CUcontext = CUctx_st*;
using CUstream = CUstream_st*;
using CUevent = CUevent_st*;
using CUgraph = CUgraph_st*;
using CUgraphExec = CUgraphExec_st*;
using CUmemoryPool = CUmemPoolHandle_st*;
using CUmodule = CUmod_st*;
using CUfunction = CUfunc_st*;

#define STANDIN_API extern "C" __attribute__((visibility("default")))

// In the static block of each thread: what a library that was opened late allocates per thread instead is
// freed by other threads, which the thread sanitizer takes for a race. For types without a destructor only.
#define STANDIN_THREAD_LOCAL thread_local __attribute__((tls_model("initial-exec")))

namespace standin {

constexpr CUresult kSuccess = 0;
constexpr CUresult kInvalidValue = 1;
constexpr CUresult kOutOfMemory = 2;
constexpr CUresult kNotInitialized = 3;
constexpr CUresult kDeviceUnavailable = 46;
constexpr CUresult kInvalidDevice = 101;
constexpr CUresult kInvalidContext = 201;
constexpr CUresult kInvalidHandle = 400;
constexpr CUresult kIllegalState = 401;
constexpr CUresult kNotReady = 600;
constexpr CUresult kHostMemoryAlreadyRegistered = 712;
constexpr CUresult kHostMemoryNotRegistered = 713;
constexpr CUresult kNotPermitted = 800;
constexpr CUresult kNotSupported = 801;
constexpr CUresult kCaptureUnsupported = 900;
constexpr CUresult kCaptureInvalidated = 901;
constexpr CUresult kCaptureMerge = 902;
constexpr CUresult kCaptureUnmatched = 903;
constexpr CUresult kCaptureUnjoined = 904;
constexpr CUresult kCaptureIsolation = 905;
constexpr CUresult kCapturedEvent = 907;
constexpr CUresult kCaptureWrongThread = 908;
constexpr CUresult kGraphExecUpdateFailure = 910;

/// After such a result the context is lost.
bool IsSticky(CUresult result);

}  // namespace standin
