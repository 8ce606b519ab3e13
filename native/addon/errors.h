// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <napi.h>

#include <exception>
#include <vector>

#include "core/error.h"
#include "core/log.h"

namespace trtn {

/// The JavaScript Error for a native failure, with `code`, `where`, `details` and `log`. `lib/binding` makes
/// the TensorRTError of it.
Napi::Error ToJsError(Napi::Env env, const Error& error);

/// The same for whatever was thrown, as a value to reject a promise with. std::bad_alloc becomes
/// ERR_TRT_BUILD_OUT_OF_MEMORY; anything else, which would be a bug of ours, keeps its text and gets no code.
Napi::Value ToErrorValue(Napi::Env env, std::exception_ptr thrown);

/// Throws `error` into JavaScript.
[[noreturn]] void ThrowToJs(Napi::Env env, const Error& error);

/// Log lines as LogLine[] of lib/errors.ts.
Napi::Array ToJsLog(Napi::Env env, const std::vector<LogLine>& lines);
Napi::Object ToJsLogLine(Napi::Env env, const LogLine& line);

}  // namespace trtn
