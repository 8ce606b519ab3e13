// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <napi.h>

#include <string>

#include "core/builder.h"

namespace trtn {

/// A NativeBuildRequest of lib/binding/contract.ts.
struct JsBuildRequest {
  std::string library;
  std::string parser_library;
  /// libcuda to ask, empty for the system's.
  std::string driver_library;
  Family family = Family::kTensorRtRtx;
  BuildRequest request;
};

/// Reads the object. `request.model_data` points into the Uint8Array that the object holds. Throws
/// Napi::TypeError.
JsBuildRequest ReadBuildRequest(Napi::Object object);

}  // namespace trtn
