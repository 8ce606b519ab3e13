// SPDX-License-Identifier: Apache-2.0
#include "addon/query_call.h"

#include "addon/convert.h"
#include "core/utf8.h"

namespace trtn {

Query ToQuery(Napi::Value value) {
  const std::string name = value.IsString() ? value.As<Napi::String>().Utf8Value() : "";
  if (name == "inspector") return Query::kInspector;
  if (name == "statistics") return Query::kStatistics;
  if (name == "runtime-cache") return Query::kRuntimeCache;
  throw Napi::TypeError::New(value.Env(), "query has no value '" + name + "'");
}

void QueryCall::Execute(ExecutionContext&) {
  const std::shared_ptr<Executable> executable = RequireExecutable(state_.lock());
  switch (query_) {
    case Query::kInspector:
      text_ = RequireControl(*executable, "Inspecting").InspectorJson();
      break;
    case Query::kStatistics:
      numbers_ = RequireControl(*executable, "Asking for an engine's statistics").Statistics();
      break;
    case Query::kRuntimeCache:
      bytes_ = RequireControl(*executable, "A runtime cache").SerializeRuntimeCache();
      break;
  }
}

Napi::Value QueryCall::Result(Napi::Env env) {
  if (query_ == Query::kInspector) return Napi::String::New(env, ValidUtf8(text_));
  if (query_ == Query::kRuntimeCache) return ToJsBytes(env, std::move(bytes_));
  Napi::Object object = Napi::Object::New(env);
  for (const auto& [name, number] : numbers_) object.Set(name, number);
  return object;
}

Napi::Object ToJs(Napi::Env env, const ExecutionCounters& counters) {
  Napi::Object object = Napi::Object::New(env);
  const std::pair<const char*, uint64_t> entries[] = {
      {"runs", counters.runs},
      {"failedRuns", counters.failed_runs},
      {"hostCopiedBytes", counters.host_copied_bytes},
      {"hostToDeviceBytes", counters.host_to_device_bytes},
      {"deviceToHostBytes", counters.device_to_host_bytes},
      {"graphCaptures", counters.graph_captures},
      {"graphLaunches", counters.graph_launches},
      {"graphEvictions", counters.graph_evictions},
      {"pinnedBytes", counters.pinned_bytes},
      {"deviceBytes", counters.device_bytes},
  };
  for (const auto& [name, value] : entries) object.Set(name, static_cast<double>(value));
  return object;
}

Napi::Array ToJs(Napi::Env env, const std::vector<GraphFailure>& failures) {
  Napi::Array list = Napi::Array::New(env, failures.size());
  for (uint32_t i = 0; i < failures.size(); ++i) {
    Napi::Object failure = Napi::Object::New(env);
    failure.Set("shapes", ValidUtf8(failures[i].shapes));
    failure.Set("reason", ValidUtf8(failures[i].reason));
    list.Set(i, failure);
  }
  return list;
}

Napi::Array ToJs(Napi::Env env, const std::vector<std::vector<EngineControl::Range>>& profiles) {
  Napi::Array list = Napi::Array::New(env, profiles.size());
  for (uint32_t i = 0; i < profiles.size(); ++i) {
    Napi::Array inputs = Napi::Array::New(env, profiles[i].size());
    for (uint32_t j = 0; j < profiles[i].size(); ++j) {
      const EngineControl::Range& range = profiles[i][j];
      Napi::Object object = Napi::Object::New(env);
      object.Set("isValues", range.is_values);
      object.Set("min", ToJsDims(env, range.min));
      object.Set("opt", ToJsDims(env, range.opt));
      object.Set("max", ToJsDims(env, range.max));
      inputs.Set(j, object);
    }
    list.Set(i, inputs);
  }
  return list;
}

}  // namespace trtn
