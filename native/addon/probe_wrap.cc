// SPDX-License-Identifier: Apache-2.0
#include "addon/probe_wrap.h"

#include <string>
#include <utility>

#include "addon/background.h"
#include "core/error.h"
#include "cuda/driver_probe.h"
#include "ort/executable.h"
#include "trt/library.h"

#ifndef TRTN_VERSION
#define TRTN_VERSION "0.0.0"
#endif

namespace trtn {
namespace {

Napi::Object BuildInfo(Napi::Env env) {
  Napi::Object info = Napi::Object::New(env);
  Napi::Array families = Napi::Array::New(env);
  for (Family family : trt::CompiledFamilies())
    families[families.Length()] = Napi::String::New(env, FamilyName(family));
  info["version"] = TRTN_VERSION;
  info["families"] = families;
#if defined(__clang__)
  info["compiler"] = "clang " __clang_version__;
#elif defined(__GNUC__)
  info["compiler"] = "gcc " __VERSION__;
#else
  info["compiler"] = "unknown";
#endif
  return info;
}

Napi::Object ToJs(Napi::Env env, const cuda::DriverReport& report) {
  Napi::Object object = Napi::Object::New(env);
  object["status"] = cuda::DriverStatusName(report.status);
  object["path"] = report.path;
  object["driverVersion"] = report.version;
  object["code"] = report.code;
  object["message"] = report.message;
  Napi::Array devices = Napi::Array::New(env, report.devices.size());
  for (size_t i = 0; i < report.devices.size(); i++) {
    const cuda::DeviceInfo& info = report.devices[i];
    Napi::Object device = Napi::Object::New(env);
    device["ordinal"] = info.ordinal;
    device["name"] = info.name;
    device["uuid"] = info.uuid;
    device["computeCapability"] = info.compute_capability;
    device["totalMemoryBytes"] = static_cast<double>(info.total_memory_bytes);
    device["isMig"] = info.is_mig;
    device["isIntegrated"] = info.is_integrated;
    device["pciBusId"] = info.pci_bus_id;
    devices[static_cast<uint32_t>(i)] = device;
  }
  object["devices"] = devices;
  return object;
}

Napi::Object ToJs(Napi::Env env, const trt::LibraryReport& report) {
  Napi::Object object = Napi::Object::New(env);
  object["path"] = report.path;
  if (report.version != 0) object["version"] = report.version;
  if (report.family) object["family"] = FamilyName(*report.family);
  if (!report.reason.empty()) object["reason"] = report.reason;
  object["missing"] = report.missing;
  return object;
}

Napi::Value ProbeCuda(const Napi::CallbackInfo& info) {
  const std::string path = info[0].IsString() ? info[0].As<Napi::String>().Utf8Value() : "";
  BackgroundWork work;
  work.run = [path] {
    return [report = cuda::ProbeDriver(path)](Napi::Env env) -> Napi::Value { return ToJs(env, report); };
  };
  return RunInBackground(info.Env(), std::move(work));
}

Napi::Value ProbeTensorRt(const Napi::CallbackInfo& info) {
  if (!info[0].IsString()) throw Napi::TypeError::New(info.Env(), "path must be a string");
  BackgroundWork work;
  work.run = [path = info[0].As<Napi::String>().Utf8Value()] {
    return [report = trt::ProbeLibrary(path)](Napi::Env env) -> Napi::Value { return ToJs(env, report); };
  };
  return RunInBackground(info.Env(), std::move(work));
}

/// Opening a library runs its initialisers: not on the event loop.
Napi::Value ProbeOnnxRuntime(const Napi::CallbackInfo& info) {
  BackgroundWork work;
  work.run = [library = info[0].ToString().Utf8Value()]() -> BackgroundWork::Converter {
    std::string version, reason;
    try {
      version = ort::LibraryVersion(library);
    } catch (const Error& error) {
      reason = error.what();
    }
    return [version, reason](Napi::Env env) -> Napi::Value {
      Napi::Object report = Napi::Object::New(env);
      if (version.empty()) {
        report.Set("reason", reason);
      } else {
        report.Set("version", version);
      }
      return report;
    };
  };
  return RunInBackground(info.Env(), std::move(work));
}

}  // namespace

void RegisterProbe(Napi::Env env, Napi::Object exports) {
  exports["buildInfo"] = BuildInfo(env);
  exports["probeCuda"] = Napi::Function::New(env, ProbeCuda, "probeCuda");
  exports["probeTensorRt"] = Napi::Function::New(env, ProbeTensorRt, "probeTensorRt");
  exports["probeOnnxRuntime"] = Napi::Function::New(env, ProbeOnnxRuntime, "probeOnnxRuntime");
}

}  // namespace trtn
