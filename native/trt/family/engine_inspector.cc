// SPDX-License-Identifier: Apache-2.0
#include "trt/family/engine_inspector.h"

#include <set>

#include "trt/json_strings.h"
#include "trt/run_failure.h"

namespace trtn::trt::TRTN_FAMILY {

std::string InspectEngine(EngineState& engine) {
  const LogCapture log(Severity::kWarning);
  nv::IEngineInspector* created = engine.engine->createEngineInspector();
  if (!IsObject(created)) {
    throw RunFailure("cannot inspect the plan", "ICudaEngine::createEngineInspector",
                     engine.runtime->Take(log));
  }
  const Owned<nv::IEngineInspector> inspector(created);
  // The text belongs to the inspector.
  const char* text = inspector->getEngineInformation(nv::LayerInformationFormat::kJSON);
  if (!IsObject(text)) {
    throw RunFailure("cannot inspect the plan", "IEngineInspector::getEngineInformation",
                     engine.runtime->Take(log));
  }
  return text;
}

std::vector<std::pair<std::string, double>> DescribeStatistics(EngineState& engine) {
  const nv::ICudaEngine& e = *engine.engine;
  // Questions that do not fit this plan log errors; an answer that is missing is simply absent.
  const LogCapture unheard(Severity::kInternalError);
  std::vector<std::pair<std::string, double>> statistics;
  const auto add = [&](const char* name, int64_t value) {
    if (value >= 0) statistics.emplace_back(name, static_cast<double>(value));
  };
  add("layers", e.getNbLayers());
  add("profiles", e.getNbOptimizationProfiles());
  add("auxStreams", e.getNbAuxStreams());
  add("deviceMemoryBytes", e.getDeviceMemorySizeV2());
  add("refittable", e.isRefittable() ? 1 : 0);
  if (engine.runtime->AtLeast(kEngineStatSince)) {
    add("weightsBytes", e.getEngineStat(nv::EngineStat::kTOTAL_WEIGHTS_SIZE));
  }
  const int64_t streamable = e.getStreamableWeightsSize();
  add("streamableWeightsBytes", streamable);
  if (streamable > 0) add("weightStreamingBudgetBytes", e.getWeightStreamingBudgetV2());
  engine.runtime->recorder.clear();
  return statistics;
}

std::vector<std::string> ListDebugTensors(EngineState& engine) {
  const LogCapture unheard(Severity::kInternalError);
  std::vector<std::string> candidates;
  for (const PlanTensor& tensor : engine.tensors) candidates.push_back(tensor.info.name);
  for (std::string& text : JsonStrings(InspectEngine(engine))) candidates.push_back(std::move(text));
  std::vector<std::string> names;
  std::set<std::string> seen;
  for (const std::string& name : candidates) {
    if (!name.empty() && seen.insert(name).second && engine.engine->isDebugTensor(name.c_str())) {
      names.push_back(name);
    }
  }
  engine.runtime->recorder.clear();
  return names;
}

}  // namespace trtn::trt::TRTN_FAMILY
