// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <napi.h>

namespace trtn {

/// Adds `numerics` (NativeNumerics of lib/binding/contract.ts) to the exports.
void RegisterNumerics(Napi::Env env, Napi::Object exports);

}  // namespace trtn
