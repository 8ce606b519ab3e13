// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <napi.h>

#include "core/stage_log.h"

namespace trtn {

/// What the log has: `{ rows, dropped }` of NativeSession.takeStageTimes() in lib/binding/contract.ts; null
/// for no log. JavaScript thread.
Napi::Value TakeStageTimes(Napi::Env env, StageLog* log);

}  // namespace trtn
