// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <napi.h>

#include "addon/classes.h"

namespace trtn {

/// Adds `createSession` (NativeAddon.createSession of lib/binding/contract.ts) to the exports. `classes`
/// outlives them.
void RegisterSession(Napi::Env env, Napi::Object exports, Classes* classes);

}  // namespace trtn
