// SPDX-License-Identifier: Apache-2.0
// The part of nvJPEG that is called, after NVIDIA's reference of it. Declared here because the vendor's
// header may not be redistributed.
#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include "cuda/driver_api.h"

namespace trtn::nvjpeg {

using Status = int;           // nvjpegStatus_t
using LibraryHandle = void*;  // nvjpegHandle_t
using StateHandle = void*;    // nvjpegJpegState_t

constexpr int kMaxComponents = 4;

/// nvjpegImage_t
struct Image {
  unsigned char* channel[kMaxComponents] = {};
  size_t pitch[kMaxComponents] = {};
};

/// Entry points by their exported names.
struct NvjpegApi {
  Status (*nvjpegGetProperty)(int property, int* value) = nullptr;
  Status (*nvjpegCreateSimple)(LibraryHandle* handle) = nullptr;
  Status (*nvjpegDestroy)(LibraryHandle handle) = nullptr;
  Status (*nvjpegJpegStateCreate)(LibraryHandle handle, StateHandle* state) = nullptr;
  Status (*nvjpegJpegStateDestroy)(StateHandle state) = nullptr;
  Status (*nvjpegGetImageInfo)(LibraryHandle handle, const unsigned char* data, size_t length,
                               int* components, int* subsampling, int* widths, int* heights) = nullptr;
  Status (*nvjpegDecode)(LibraryHandle handle, StateHandle state, const unsigned char* data, size_t length,
                         int output_format, Image* destination, cuda::StreamHandle stream) = nullptr;
};

/// What `find` (dlsym) knows; `missing` gets the name of the first entry that it does not.
NvjpegApi LoadNvjpegApi(const std::function<void*(const char*)>& find, std::string* missing);

// nvjpegStatus_t values that are told apart.
constexpr Status kSuccess = 0;
constexpr Status kBadJpeg = 3;
constexpr Status kJpegNotSupported = 4;
constexpr Status kAllocatorFailure = 5;
constexpr Status kImplementationNotSupported = 9;
constexpr Status kIncompleteBitstream = 10;

/// "NVJPEG_STATUS_BAD_JPEG"; "status 99" for one that is not known.
std::string StatusName(Status status);

/// NVJPEG_OUTPUT_RGBI: red, green, blue, in the first channel.
constexpr int kOutputRgbInterleaved = 5;
// libraryPropertyType
constexpr int kMajorVersion = 0;
constexpr int kMinorVersion = 1;
constexpr int kPatchLevel = 2;

}  // namespace trtn::nvjpeg
