// SPDX-License-Identifier: Apache-2.0
// What the library exports.
#include "engine.h"
#include "nv.h"
#include "registry.h"
#include "runtime.h"

using standin::CurrentLogger;
using standin::kVersionParts;

namespace {

// What TensorRT 10 and 11 return where they cannot make a runtime: an offset from a null pointer.
[[maybe_unused]] void* const kNoRuntime = reinterpret_cast<void*>(STANDIN_IS_10 ? 0x238 : 0x228);

bool HasDriver(const char* creator) {
  int result = cuInit(0);
  if (result == 0) return true;
  std::string error = std::to_string(result);
  standin::Log(nvinfer1::ILogger::Severity::kERROR,
               std::string(creator) +
                   ": Error Code 6: API Usage Error (CUDA initialization failure with error: " + error +
                   " In checkCudaInstallation at stand-in)");
  standin::Log(nvinfer1::ILogger::Severity::kERROR,
               "[checkMacros.cpp::catchCudaError::250] Error Code 1: Cuda Runtime (" +
                   standin::CudaText(result) + ")");
  return false;
}

}  // namespace

extern "C" {

TENSORRTAPI int32_t getInferLibVersion() noexcept { return standin::kVersion; }
TENSORRTAPI int32_t getInferLibMajorVersion() noexcept { return kVersionParts[0]; }
TENSORRTAPI int32_t getInferLibMinorVersion() noexcept { return kVersionParts[1]; }
TENSORRTAPI int32_t getInferLibPatchVersion() noexcept { return kVersionParts[2]; }
TENSORRTAPI int32_t getInferLibBuildVersion() noexcept { return kVersionParts[3]; }

TENSORRTAPI nvinfer1::ILogger* getLogger() noexcept { return CurrentLogger(); }

TENSORRTAPI void* createInferRuntime_INTERNAL(void* logger, int32_t) noexcept {
  auto* given = static_cast<nvinfer1::ILogger*>(logger);
  if (!given) return nullptr;
  standin::LoggerHold hold(given, "createInferRuntime");
  if (trtn_standin_call("createInferRuntime") != 0) return nullptr;
  // TensorRT-RTX needs a driver only when it deserialises.
  if (!STANDIN_IS_RTX && !HasDriver("createInferRuntime")) return kNoRuntime;
  return static_cast<nvinfer1::IRuntime*>(new standin::Runtime(given));
}

TENSORRTAPI void* createInferRefitter_INTERNAL(void* engine, void* logger, int32_t) noexcept {
  auto* given = static_cast<nvinfer1::ILogger*>(logger);
  if (!engine || !given) return nullptr;
  auto* known = static_cast<standin::Engine*>(static_cast<nvinfer1::ICudaEngine*>(engine));
  return known->createRefitter(*given);
}

TENSORRTAPI nvinfer1::IPluginRegistry* getPluginRegistry() noexcept { return &standin::Registry(); }

TENSORRTAPI bool initLibNvInferPlugins(void*, char const*) {
  return trtn_standin_call("initLibNvInferPlugins") == 0;
}

#if !STANDIN_LEAN
TENSORRTAPI void* createInferBuilder_INTERNAL(void* logger, int32_t) noexcept {
  standin::LoggerHold hold(static_cast<nvinfer1::ILogger*>(logger), "createInferBuilder");
  trtn_standin_call("createInferBuilder");
  standin::Log(
      nvinfer1::ILogger::Severity::kERROR,
      "createInferBuilder: Error Code 6: API Usage Error (This stand-in runs plans and builds none.)");
  return nullptr;
}
#endif

}  // extern "C"
