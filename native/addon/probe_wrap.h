// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <napi.h>

namespace trtn {

/// Adds `buildInfo`, `probeCuda`, `probeTensorRt` and `probeOnnxRuntime` (lib/binding/contract.ts) to the
/// exports.
void RegisterProbe(Napi::Env env, Napi::Object exports);

}  // namespace trtn
