// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <napi.h>

#include <cstdint>
#include <string>
#include <vector>

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
  /// What request.model_data points to.
  std::vector<uint8_t> model;
};

/// Reads the object. The model's bytes are copied: nothing keeps JavaScript from transferring its array away
/// during the build. Throws Napi::TypeError.
JsBuildRequest ReadBuildRequest(Napi::Object object);

}  // namespace trtn
