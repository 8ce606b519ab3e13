// SPDX-License-Identifier: Apache-2.0
#include "trt/family/config_setup.h"

#include <string>

#include "core/error.h"
#include "trt/build_failure.h"

namespace trtn::trt::TRTN_FAMILY {
namespace {

[[noreturn]] void Refuse(const BuildSession& session, const char* option, const std::string& reason) {
  throw OptionUnsupported(option, session.Product(), reason);
}

void SetFlag(const BuildSession& session, nv::IBuilderConfig& config, nv::BuilderFlag flag,
             const char* option) {
  config.setFlag(flag);
  // setFlag() returns nothing; a flag that it refused is simply not there.
  if (!config.getFlag(flag)) Refuse(session, option, "the library refuses the flag");
}

void SetMemoryLimit(const BuildSession& session, nv::IBuilderConfig& config, nv::MemoryPoolType pool,
                    uint64_t bytes, const char* option) {
  config.setMemoryPoolLimit(pool, bytes);
  if (config.getMemoryPoolLimit(pool) != bytes) {
    throw Error("ERR_TRT_ARG_VALUE",
                session.Product() + " refuses " + std::to_string(bytes) + " bytes for " + option + ".",
                "IBuilderConfig::setMemoryPoolLimit", session.log.Lines());
  }
}

void ApplyMemory(const BuildSession& session, nv::IBuilderConfig& config) {
  const BuildRequest& request = session.request;
  if (request.workspace_bytes) {
    SetMemoryLimit(session, config, nv::MemoryPoolType::kWORKSPACE, *request.workspace_bytes,
                   "workspaceBytes");
  }
  if (request.tactic_shared_memory_bytes) {
    SetMemoryLimit(session, config, nv::MemoryPoolType::kTACTIC_SHARED_MEMORY,
                   *request.tactic_shared_memory_bytes, "tacticSharedMemoryBytes");
  }
}

void ApplyNumbers(const BuildSession& session, nv::IBuilderConfig& config) {
  const BuildRequest& request = session.request;
  if (request.optimization_level) {
    const int level = *request.optimization_level;
    // The library would silently take 5 for anything above.
    if (level < 0 || level > 5) {
      throw Error("ERR_TRT_ARG_VALUE",
                  "optimizationLevel must be 0 to 5, not " + std::to_string(level) + ".");
    }
    config.setBuilderOptimizationLevel(level);
  }
  if (request.max_aux_streams) {
    // Returns nothing in TensorRT 10, so the value is read back instead.
    config.setMaxAuxStreams(*request.max_aux_streams);
    if (config.getMaxAuxStreams() != *request.max_aux_streams) {
      Refuse(session, "maxAuxStreams",
             "the library refuses the value " + std::to_string(*request.max_aux_streams));
    }
  }
  if (request.profiling_verbosity) {
    const auto verbosity = *request.profiling_verbosity == Verbosity::kNone ? nv::ProfilingVerbosity::kNONE
                           : *request.profiling_verbosity == Verbosity::kDetailed
                               ? nv::ProfilingVerbosity::kDETAILED
                               : nv::ProfilingVerbosity::kLAYER_NAMES_ONLY;
    config.setProfilingVerbosity(verbosity);
  }
}

void ApplyCompatibility(const BuildSession& session, nv::IBuilderConfig& config) {
  const BuildRequest& request = session.request;
  const bool wants_hardware =
      request.hardware_compatibility && *request.hardware_compatibility != HardwareCompatibility::kNone;
#if TRTN_IS_RTX
  if (wants_hardware)
    Refuse(session, "hardwareCompatibility", "name the GPUs with computeCapabilities instead");
  if (request.version_compatible) Refuse(session, "versionCompatible", "it has no lean runtime");
  if (request.exclude_lean_runtime) Refuse(session, "excludeLeanRuntime", "it has no lean runtime");
#else
  if (wants_hardware) {
    const bool same = *request.hardware_compatibility == HardwareCompatibility::kSameComputeCapability;
    if (same && !session.AtLeast(100900))
      Refuse(session, "hardwareCompatibility", "this level needs TensorRT 10.9");
    const auto level = same ? nv::HardwareCompatibilityLevel::kSAME_COMPUTE_CAPABILITY
                            : nv::HardwareCompatibilityLevel::kAMPERE_PLUS;
    config.setHardwareCompatibilityLevel(level);
    if (config.getHardwareCompatibilityLevel() != level) {
      Refuse(session, "hardwareCompatibility", "the library refuses the level");
    }
  }
  if (request.version_compatible) {
    SetFlag(session, config, nv::BuilderFlag::kVERSION_COMPATIBLE, "versionCompatible");
  }
  if (request.exclude_lean_runtime) {
    if (!request.version_compatible) Refuse(session, "excludeLeanRuntime", "it needs versionCompatible");
    SetFlag(session, config, nv::BuilderFlag::kEXCLUDE_LEAN_RUNTIME, "excludeLeanRuntime");
  }
#endif
}

void ApplyComputeCapabilities(const BuildSession& session, nv::IBuilderConfig& config) {
  const auto& capabilities = session.request.compute_capabilities;
  if (capabilities.empty()) return;
#if TRTN_IS_RTX
  if (!config.setNbComputeCapabilities(static_cast<int32_t>(capabilities.size()))) {
    Refuse(session, "computeCapabilities", "it refuses " + std::to_string(capabilities.size()) + " targets");
  }
  for (size_t i = 0; i < capabilities.size(); i++) {
    const auto capability = static_cast<nv::ComputeCapability>(capabilities[i]);
    if (!config.setComputeCapability(capability, static_cast<int32_t>(i))) {
      Error error =
          OptionUnsupported("computeCapabilities", session.Product(),
                            "it cannot build for " + std::to_string(capabilities[i]) +
                                "; it knows 75, 80, 86, 89, 120, 121, and 1 alone for the GPU at hand");
      error.AddNumber("value", capabilities[i]);
      throw error;
    }
  }
#else
  Refuse(session, "computeCapabilities", "it builds for the GPU at hand; see hardwareCompatibility");
#endif
}

void ApplyFlags(const BuildSession& session, nv::IBuilderConfig& config) {
  const BuildRequest& request = session.request;
  using Flag = nv::BuilderFlag;
  if (request.weight_streaming) SetFlag(session, config, Flag::kWEIGHT_STREAMING, "weightStreaming");
  if (request.refit == Refit::kAll) SetFlag(session, config, Flag::kREFIT, "refit");
  if (request.refit == Refit::kIdentical) SetFlag(session, config, Flag::kREFIT_IDENTICAL, "refit");
  if (request.strip_plan) SetFlag(session, config, Flag::kSTRIP_PLAN, "stripPlan");
  if (request.sparse_weights) SetFlag(session, config, Flag::kSPARSE_WEIGHTS, "sparseWeights");
  if (request.disable_tf32) config.clearFlag(Flag::kTF32);
}

}  // namespace

void ApplyOptions(const BuildSession& session, nv::IBuilderConfig& config) {
  ApplyMemory(session, config);
  ApplyNumbers(session, config);
  ApplyCompatibility(session, config);
  ApplyComputeCapabilities(session, config);
  ApplyFlags(session, config);
}

const char* OptionThatNeedsDevice(const BuildRequest& request) {
  // TensorRT-RTX compiles without a GPU, except what has to run kernels or ask for the device's own
  // capability.
  if (request.refit != Refit::kNone) return "refit";
  if (request.strip_plan) return "stripPlan";
  for (int capability : request.compute_capabilities) {
    if (capability == 1) return "computeCapabilities 'current'";
  }
  return nullptr;
}

}  // namespace trtn::trt::TRTN_FAMILY
