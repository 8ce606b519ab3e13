// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <napi.h>

namespace trtn {

/// Adds `createSession` (NativeAddon.createSession of lib/binding/contract.ts) to the exports.
void RegisterSession(Napi::Env env, Napi::Object exports);

}  // namespace trtn
