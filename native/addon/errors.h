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

/// The same for whatever was thrown, as a value to reject a promise with. What is no Error (std::bad_alloc,
/// or a bug of ours) gets no code: the caller in JavaScript knows what it was doing.
Napi::Value ToErrorValue(Napi::Env env, std::exception_ptr thrown);

/// Throws `error` into JavaScript.
[[noreturn]] void ThrowToJs(Napi::Env env, const Error& error);

/// Log lines as LogLine[] of lib/errors.ts.
Napi::Array ToJsLog(Napi::Env env, const std::vector<LogLine>& lines);
Napi::Object ToJsLogLine(Napi::Env env, const LogLine& line);

}  // namespace trtn
