// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <napi.h>

#include "addon/classes.h"

namespace trtn {

/// Adds `decodeJpeg` (lib/binding/contract.ts) to the exports. `classes` outlives it.
void RegisterNvjpeg(Napi::Env env, Napi::Object exports, Classes* classes);

}  // namespace trtn
