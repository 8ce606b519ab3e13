// SPDX-License-Identifier: Apache-2.0
#include "runtime.h"

#include <cstring>
#include <stdexcept>
#include <utility>

#include "engine.h"
#include "plan.h"
#include "registry.h"

namespace standin {

namespace {

constexpr char kEntry[] = "IRuntime::deserializeCudaEngine";
// Small, so that sources are asked piece by piece as real readers are.
constexpr int64_t kPiece = 4096;

// Capability of the current device as 90; negative CUresult on failure.
int DeviceCapability() {
  int device = 0, major = 0, minor = 0;
  int result = cuCtxGetDevice ? cuCtxGetDevice(&device) : cuDeviceGet(&device, 0);
  if (result == 0) result = cuDeviceGetAttribute(&major, 75, device);
  if (result == 0) result = cuDeviceGetAttribute(&minor, 76, device);
  return result == 0 ? major * 10 + minor : -result;
}

std::string DotText(int capability) {
  return std::to_string(capability / 10) + "." + std::to_string(capability % 10);
}

// Null if the library runs plans of that version.
std::string VersionProblem(const Plan& plan) {
  int version = plan.version ? plan.version : HeaderVersion(plan.header);
  if (STANDIN_LEAN && !plan.is_version_compatible) {
    return "Serialization assertion plan.header.isVersionCompatible failed.The lean runtime runs engines "
           "only that "
           "were built with the version compatible flag.";
  }
  if (plan.is_version_compatible || version == kVersion) return "";
  return "Serialization assertion stdVersionRead == kSERIALIZATION_VERSION failed.Version tag does not "
         "match. "
         "Note: Current Version: " +
         std::to_string(kVersion) + ", Serialized Engine Version: " + std::to_string(version);
}

}  // namespace

nv::ICudaEngine* Runtime::deserializeCudaEngine(void const* blob, std::size_t size) noexcept {
  if (Enter(kEntry)) return nullptr;
  if (!blob || size == 0) {
    UsageError(kEntry, "Cannot deserialize with an empty memory buffer.");
    return nullptr;
  }
  return Deserialize(std::string(static_cast<const char*>(blob), size));
}

nv::ICudaEngine* Runtime::deserializeCudaEngineV2(nv::IStreamReaderV2& reader) noexcept {
  if (Enter("IRuntime::deserializeCudaEngineV2")) return nullptr;
  std::string bytes(kHeaderBytes, '\0');
  int64_t got = reader.read(bytes.data(), static_cast<int64_t>(bytes.size()), nullptr);
  // The header is looked at before the rest is asked for, from the start.
  bool can_seek = got >= 0 && reader.seek(0, nv::SeekPosition::kSET);
  bytes.clear();
  for (char piece[kPiece]; can_seek && (got = reader.read(piece, kPiece, nullptr)) > 0;) {
    bytes.append(piece, static_cast<size_t>(got));
  }
  if (!can_seek || got < 0) {
    Fail(kEntry, nv::ErrorCode::kUNSPECIFIED_ERROR, "Serialization",
         "Reading the engine from its stream failed.");
    return nullptr;
  }
  return Deserialize(bytes);
}

#if STANDIN_IS_10
nv::ICudaEngine* Runtime::deserializeCudaEngine(nv::IStreamReader& reader) noexcept {
  if (Enter("IRuntime::deserializeCudaEngine(IStreamReader)")) return nullptr;
  std::string bytes;
  char piece[kPiece];
  for (int64_t got = 0; (got = reader.read(piece, kPiece)) > 0;)
    bytes.append(piece, static_cast<size_t>(got));
  return Deserialize(bytes);
}
#endif

nv::ICudaEngine* Runtime::Deserialize(const std::string& bytes) {
  auto fail = [&](nv::ErrorCode code, const char* kind, const std::string& text) {
    Fail(kEntry, code, kind, text);
    return nullptr;
  };
  Plan plan;
  try {
    plan = ParsePlan(bytes);
  } catch (const std::runtime_error& error) {
    return fail(nv::ErrorCode::kUNSPECIFIED_ERROR, "Serialization", error.what());
  }
  if (std::string problem = VersionProblem(plan); !problem.empty()) {
    return fail(nv::ErrorCode::kUNSPECIFIED_ERROR, "Serialization", problem);
  }
  if (plan.is_version_compatible && !STANDIN_LEAN && !host_code_allowed_) {
    return fail(
        nv::ErrorCode::kFAILED_INITIALIZATION, "API Usage Error",
        "Engine contains host executable code, but IRuntime::setEngineHostCodeAllowed(true) was not called.");
  }
  int capability = DeviceCapability();
  if (capability < 0) {
    return fail(nv::ErrorCode::kUNSPECIFIED_ERROR, "Cuda Runtime", CudaText(-capability));
  }
  if (plan.capability && plan.capability != capability) {
    return fail(nv::ErrorCode::kFAILED_INITIALIZATION, "API Usage Error",
                "The engine plan file is generated on an incompatible device, expecting compute " +
                    DotText(capability) + " got compute " + DotText(plan.capability) + ", please rebuild.");
  }
  for (const auto& [name, version] : plan.plugins) {
    if (HasPlugin(name, version)) continue;
    return fail(nv::ErrorCode::kUNSPECIFIED_ERROR, "Serialization",
                "Serialization assertion creator failed.Cannot deserialize plugin since corresponding "
                "IPluginCreator not found in Plugin Registry");
  }
  int result = 0;
  void* weights = AllocateDevice(plan.WeightBytes() + 256, &result);
  if (result != 0) {
    CudaError(kEntry, result);
    return nullptr;
  }
  Log(nv::ILogger::Severity::kINFO, "Loaded engine size: " + std::to_string(bytes.size()) + " bytes");
  return new Engine(std::move(plan), weights, recorder());
}

nv::IPluginRegistry& Runtime::getPluginRegistry() noexcept { return Registry(); }

#if STANDIN_IS_RTX
nv::EngineValidity Runtime::getEngineValidity(void const* blob, int64_t size,
                                              uint64_t* diagnostics) const noexcept {
  trtn_standin_call("IRuntime::getEngineValidity");
  auto say = [&](nv::EngineInvalidityDiagnostics reason) {
    if (diagnostics) *diagnostics = static_cast<uint64_t>(reason);
    return nv::EngineValidity::kINVALID;
  };
  if (diagnostics) *diagnostics = 0;
  std::string header(static_cast<const char*>(blob), static_cast<size_t>(size));
  if (header.size() < kHeaderBytes || header.compare(0, 4, kMagic) != 0) {
    return say(nv::EngineInvalidityDiagnostics::kMALFORMED_ENGINE);
  }
  if (HeaderVersion(header) != kVersion) return say(nv::EngineInvalidityDiagnostics::kVERSION_MISMATCH);
  return nv::EngineValidity::kVALID;
}
#endif

}  // namespace standin
