// SPDX-License-Identifier: Apache-2.0
#include "addon/stage_times.h"

#include <cstring>
#include <type_traits>

namespace trtn {

namespace {

constexpr size_t kColumns = 9;
// A row of the result is the struct as it is.
static_assert(std::is_trivially_copyable_v<StageTimes> && sizeof(StageTimes) == kColumns * sizeof(double));

}  // namespace

Napi::Value TakeStageTimes(Napi::Env env, StageLog* log) {
  if (log == nullptr) return env.Null();
  const StageLog::Taken taken = log->Take();
  Napi::Float64Array rows = Napi::Float64Array::New(env, taken.rows.size() * kColumns);
  if (!taken.rows.empty())
    std::memcpy(rows.Data(), taken.rows.data(), taken.rows.size() * sizeof(StageTimes));
  Napi::Object result = Napi::Object::New(env);
  result.Set("rows", rows);
  result.Set("dropped", static_cast<double>(taken.dropped));
  return result;
}

}  // namespace trtn
