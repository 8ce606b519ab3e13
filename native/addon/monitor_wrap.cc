// SPDX-License-Identifier: Apache-2.0
#include "addon/monitor_wrap.h"

#include <chrono>
#include <string>
#include <utility>

#include "addon/async.h"
#include "addon/background.h"
#include "addon/convert.h"

namespace trtn {
namespace {

Napi::Float64Array Column(Napi::Env env, const std::vector<nvml::Sample>& samples, nvml::Sensor sensor) {
  Napi::Float64Array column = Napi::Float64Array::New(env, samples.size());
  for (size_t i = 0; i < samples.size(); i++) column[i] = samples[i][sensor];
  return column;
}

Napi::Value ToJs(Napi::Env env, const nvml::Readings& readings) {
  Napi::Object object = Napi::Object::New(env);
  object["intervalMs"] = readings.interval_ms;
  Napi::Float64Array times = Napi::Float64Array::New(env, readings.samples.size());
  for (size_t i = 0; i < readings.samples.size(); i++) times[i] = readings.samples[i].time_ms;
  object["timeMs"] = times;
  Napi::Object columns = Napi::Object::New(env);
  for (const nvml::Sensor sensor : readings.sensors) {
    columns[nvml::SensorName(sensor)] = Column(env, readings.samples, sensor);
  }
  object["columns"] = columns;
  if (!readings.energy_source.empty()) object["energySource"] = readings.energy_source;
  if (readings.max_sm_clock_mhz) object["maxSmClockMhz"] = *readings.max_sm_clock_mhz;
  if (readings.max_memory_clock_mhz) object["maxMemoryClockMhz"] = *readings.max_memory_clock_mhz;
  Napi::Object missing = Napi::Object::New(env);
  for (const auto& [name, reason] : readings.missing) missing[name] = reason;
  object["missing"] = missing;
  if (!readings.ended_by.empty()) object["endedBy"] = readings.ended_by;
  return object;
}

Napi::Value OpenGpuMonitor(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  const auto options = info[0].As<Napi::Object>();
  nvml::MonitorRequest request;
  request.library = OptionalString(options, "library").value_or("");
  request.uuid = RequiredString(options, "uuid");
  request.pci_bus_id = RequiredString(options, "pciBusId");
  request.interval = std::chrono::milliseconds(OptionalInt(options, "intervalMs").value_or(100));
  BackgroundWork work;
  work.run = [request, classes = static_cast<Classes*>(info.Data())]() -> BackgroundWork::Converter {
    return [monitor = std::make_shared<nvml::Monitor>(request), classes, uuid = request.uuid](Napi::Env) {
      return MonitorWrap::Make(classes->gpu_monitor, monitor, uuid);
    };
  };
  return RunInBackground(env, std::move(work));
}

/// Starts a monitor and ends it with the environment. The stopper holds it, so that an object that is
/// collected needs not wait for the thread: it asks it to stop, and the thread's last act is a task that
/// forgets the stopper.
void Start(Napi::Env env, const std::shared_ptr<nvml::Monitor>& monitor) {
  const std::shared_ptr<Completions> completions = Completions::Of(env);
  const Completions::StopperId stopper = completions->AddStopper([monitor] { monitor->Stop(); });
  const auto forget = [completions, stopper](Napi::Env) { completions->RemoveStopper(stopper); };
  try {
    monitor->Start([completions, forget] { completions->Post(forget); });
  } catch (...) {
    completions->RemoveStopper(stopper);
    throw;
  }
}

}  // namespace

Napi::Function MonitorWrap::Define(Napi::Env env) {
  return DefineClass(
      env, "NativeGpuMonitor",
      {InstanceMethod<&MonitorWrap::Read>("read"), InstanceMethod<&MonitorWrap::Stop>("stop")});
}

Napi::Object MonitorWrap::Make(const Napi::FunctionReference& constructor,
                               const std::shared_ptr<nvml::Monitor>& monitor, const std::string& uuid) {
  Napi::Object object = constructor.New({});
  object.Set("name", monitor->name());
  object.Set("uuid", uuid);
  object.Set("driver", monitor->driver());
  object.Set("isMig", monitor->is_mig());
  Unwrap(object)->monitor_ = monitor;
  Start(object.Env(), monitor);
  return object;
}

nvml::Monitor& MonitorWrap::monitor(Napi::Env env) const {
  if (monitor_ == nullptr) throw Napi::TypeError::New(env, "Illegal constructor");
  return *monitor_;
}

Napi::Value MonitorWrap::Read(const Napi::CallbackInfo& info) {
  return ToJs(info.Env(), monitor(info.Env()).Read());
}

Napi::Value MonitorWrap::Stop(const Napi::CallbackInfo& info) {
  monitor(info.Env());
  BackgroundWork work;
  work.run = [monitor = monitor_]() -> BackgroundWork::Converter {
    monitor->Stop();
    return [readings = monitor->Read()](Napi::Env env) { return ToJs(env, readings); };
  };
  return RunInBackground(info.Env(), std::move(work));
}

void RegisterMonitor(Napi::Env env, Napi::Object exports, Classes* classes) {
  classes->gpu_monitor = Napi::Persistent(MonitorWrap::Define(env));
  exports.Set("openGpuMonitor", Napi::Function::New(env, OpenGpuMonitor, "openGpuMonitor", classes));
}

}  // namespace trtn
