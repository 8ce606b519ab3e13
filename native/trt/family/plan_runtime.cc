// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "core/error.h"
#include "trt/family/logger.h"
#include "trt/family/plan_engine.h"
#include "trt/family/plan_state.h"
#include "trt/family/plugin_libraries.h"
#include "trt/family/stream_reader.h"
#include "trt/family_entry.h"
#include "trt/run_failure.h"
#include "trt/version.h"

namespace trtn::trt::TRTN_FAMILY {

std::string RuntimeState::Product() const { return ProductName(library.version); }

std::vector<LogLine> RuntimeState::Take(const LogCapture& log) {
  recorder.clear();
  const std::vector<LogLine> all = log.Lines();
  std::vector<LogLine> lines;
  for (const LogLine& line : all) {
    // The recorder is told what the logger is told, but cut off after 127 characters.
    const bool is_cut = std::any_of(all.begin(), all.end(), [&](const LogLine& other) {
      return other.message.size() > line.message.size() &&
             other.message.compare(0, line.message.size(), line.message) == 0;
    });
    if (!is_cut) lines.push_back(line);
  }
  return lines;
}

namespace {

/// For libraries that cannot read from a source.
std::vector<char> ReadAll(PlanSource& source) {
  std::vector<char> bytes(source.size());
  if (!source.Seek(0, 0)) throw Error("ERR_TRT_LOAD_DESERIALIZE", "The plan cannot be read.", "seek");
  size_t done = 0;
  while (done < bytes.size()) {
    const int64_t count = source.Read(bytes.data() + done, static_cast<int64_t>(bytes.size() - done));
    if (count <= 0) {
      throw Error(
          "ERR_TRT_LOAD_DESERIALIZE",
          "The plan ends after " + std::to_string(done) + " of " + std::to_string(bytes.size()) + " bytes.",
          "read");
    }
    done += static_cast<size_t>(count);
  }
  return bytes;
}

class Runtime final : public PlanRuntime {
 public:
  explicit Runtime(std::shared_ptr<RuntimeState> state) : state_(std::move(state)) {}

  Family family() const override { return state_->library.family; }
  int library_version() const override { return state_->library.version; }
  std::string version_text() const override { return VersionText(state_->library.version); }

  std::shared_ptr<PlanEngine> Deserialize(const void* data, size_t bytes, PlanSource* source,
                                          bool allow_host_code) override {
    // The permission is the runtime's, not the plan's: it must not reach the next plan.
    std::lock_guard<std::mutex> lock(mutex_);
    state_->runtime->setEngineHostCodeAllowed(allow_host_code);
    LogCapture log(Severity::kWarning);
    nv::ICudaEngine* engine = nullptr;
    if (data != nullptr || source == nullptr) {
      engine = state_->runtime->deserializeCudaEngine(data, bytes);
    } else if (state_->AtLeast(kStreamReaderV2Since)) {
      StreamReader reader(*source, state_->library.driver_path);
      engine = state_->runtime->deserializeCudaEngine(reader);
    } else {
      const std::vector<char> plan = ReadAll(*source);
      engine = state_->runtime->deserializeCudaEngine(plan.data(), plan.size());
    }
    if (!IsObject(engine)) {
      throw DeserializeFailure(state_->Product(), "IRuntime::deserializeCudaEngine", state_->Take(log));
    }
    return CreatePlanEngine(state_, Owned<nv::ICudaEngine>(engine));
  }

 private:
  const std::shared_ptr<RuntimeState> state_;
  std::mutex mutex_;
};

}  // namespace

std::shared_ptr<PlanRuntime> CreatePlanRuntime(const PlanLibrary& library) {
  auto state = std::make_shared<RuntimeState>();
  state->library = library;
  LogCapture log(Severity::kWarning);
  void* runtime = library.create_runtime(&Logger(), library.version);
  if (!IsObject(runtime)) {
    throw Error("ERR_TRT_LOAD_TENSORRT_BROKEN",
                state->Product() + " cannot start: it creates no runtime (the log says why).",
                "createInferRuntime", log.Lines());
  }
  state->runtime.reset(static_cast<nv::IRuntime*>(runtime));
  state->runtime->setErrorRecorder(&state->recorder);
  LoadPlugins(*state);
  return std::make_shared<Runtime>(std::move(state));
}

}  // namespace trtn::trt::TRTN_FAMILY
