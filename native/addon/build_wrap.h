// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <napi.h>

namespace trtn {

/// Adds `build` (NativeAddon.build of lib/binding/contract.ts) to the exports.
void RegisterBuild(Napi::Env env, Napi::Object exports);

}  // namespace trtn
