// SPDX-License-Identifier: Apache-2.0
#include "trt/family/context_creation.h"

#include "trt/family/runtime_cache.h"
#include "trt/run_failure.h"

namespace trtn::trt::TRTN_FAMILY {
namespace {

using Strategy = nv::ExecutionContextAllocationStrategy;

Strategy StrategyOf(ContextMemory memory) {
  switch (memory) {
    case ContextMemory::kOnProfileChange:
      return Strategy::kON_PROFILE_CHANGE;
    case ContextMemory::kShared:
      return Strategy::kUSER_MANAGED;
    case ContextMemory::kStatic:
      break;
  }
  return Strategy::kSTATIC;
}

#if TRTN_IS_RTX

using Kernels = nv::DynamicShapesKernelSpecializationStrategy;

Kernels KernelsOf(DynamicShapeKernels kernels) {
  switch (kernels) {
    case DynamicShapeKernels::kEager:
      return Kernels::kEAGER;
    case DynamicShapeKernels::kNone:
      return Kernels::kNONE;
    case DynamicShapeKernels::kLazy:
      break;
  }
  return Kernels::kLAZY;
}

Owned<nv::IRuntimeConfig> CreateConfig(EngineState& engine, const ContextOptions& options,
                                       const LogCapture& log) {
  nv::IRuntimeConfig* created = engine.engine->createRuntimeConfig();
  if (!IsObject(created)) {
    throw RunFailure("cannot create a runtime configuration", "ICudaEngine::createRuntimeConfig",
                     engine.runtime->Take(log));
  }
  Owned<nv::IRuntimeConfig> config(created);
  config->setExecutionContextAllocationStrategy(StrategyOf(options.memory));
  if (options.dynamic_shape_kernels) {
    config->setDynamicShapesKernelSpecializationStrategy(KernelsOf(*options.dynamic_shape_kernels));
  }
  const auto graphs =
      options.library_graphs ? nv::CudaGraphStrategy::kWHOLE_GRAPH_CAPTURE : nv::CudaGraphStrategy::kDISABLED;
  if (!config->setCudaGraphStrategy(graphs)) {
    throw RunFailure("refuses the strategy for CUDA graphs", "IRuntimeConfig::setCudaGraphStrategy",
                     engine.runtime->Take(log));
  }
  AttachRuntimeCache(engine, *config);
  return config;
}

#else

void RefuseRtxOptions(const EngineState& engine, const ContextOptions& options) {
  const std::string product = engine.runtime->Product();
  if (options.dynamic_shape_kernels) {
    throw Unsupported("IRuntimeConfig::setDynamicShapesKernelSpecializationStrategy", product,
                      "TensorRT-RTX 1.3");
  }
  if (options.library_graphs) {
    throw Unsupported("IRuntimeConfig::setCudaGraphStrategy", product, "TensorRT-RTX 1.3");
  }
}

#endif

}  // namespace

CreatedContext CreateExecutionContext(EngineState& engine, const ContextOptions& options) {
  const LogCapture log(Severity::kWarning);
  CreatedContext created;
#if TRTN_IS_RTX
  created.config = CreateConfig(engine, options, log);
  nv::IExecutionContext* context = engine.engine->createExecutionContext(created.config.get());
#else
  RefuseRtxOptions(engine, options);
  nv::IExecutionContext* context = engine.engine->createExecutionContext(StrategyOf(options.memory));
#endif
  if (!IsObject(context)) {
    throw ContextFailure(engine.engine->getDeviceMemorySizeV2(), "ICudaEngine::createExecutionContext",
                         engine.runtime->Take(log));
  }
  created.context.reset(context);
  context->setErrorRecorder(&engine.runtime->recorder);
  if (options.persistent_cache_bytes) {
    context->setPersistentCacheLimit(static_cast<size_t>(*options.persistent_cache_bytes));
  }
  return created;
}

}  // namespace trtn::trt::TRTN_FAMILY
