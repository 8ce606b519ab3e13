// SPDX-License-Identifier: Apache-2.0
//
// One build from request to engine, as a list of steps. The order matters: the driver is asked before any
// object of TensorRT exists, since libraries of the 10 and 11 families may end the process without one.
#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "core/error.h"
#include "core/output_file.h"
#include "cuda/driver_probe.h"
#include "trt/build_failure.h"
#include "trt/family/build_session.h"
#include "trt/family/config_setup.h"
#include "trt/family/error_recorder.h"
#include "trt/family/logger.h"
#include "trt/family/model_parser.h"
#include "trt/family/profile_setup.h"
#include "trt/family/progress_monitor.h"
#include "trt/family/stream_writer.h"
#include "trt/family/tensor_description.h"
#include "trt/family/timing_cache.h"
#include "trt/family_entry.h"
#include "trt/version.h"

namespace trtn::trt::TRTN_FAMILY {

std::string BuildSession::Product() const { return ProductName(libraries.version); }

void BuildSession::ThrowIfCancelled() const {
  if (observer.is_cancelled && observer.is_cancelled()) {
    throw Error("ERR_TRT_BUILD_CANCELLED", "The build was cancelled.", "", log.Lines());
  }
}

namespace {

#if TRTN_IS_RTX
constexpr int kStreamWriterSince = 10500;
#elif TRTN_IS_10
constexpr int kStreamWriterSince = 101300;
#else
constexpr int kStreamWriterSince = 110000;
#endif

double MillisecondsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

/// Throws ERR_TRT_CUDA_* if this build needs a GPU and there is none.
void RequireDriver(const LibraryPair& libraries, const BuildRequest& request) {
  std::string needed_by = ProductName(libraries.version);
#if TRTN_IS_RTX
  const char* option = OptionThatNeedsDevice(request);
  if (option == nullptr) return;
  needed_by = std::string("The option ") + option + " of " + needed_by;
#endif
  const cuda::DriverReport report = cuda::ProbeDriver(libraries.driver_path, OldestDriver(libraries.family));
  if (report.status == cuda::DriverStatus::kOk) return;
  Error error(cuda::DriverErrorCode(report.status), needed_by + " needs a GPU to build. " + report.message,
              "cuInit");
  error.details.push_back({"driver", {report.path}});
  throw error;
}

Owned<nv::IBuilder> CreateBuilder(const LibraryPair& libraries, LogCapture& log) {
  void* builder = libraries.create_builder(&Logger(), libraries.version);
  if (!IsObject(builder)) throw BuildFailure("createInferBuilder", log.Lines());
  return Owned<nv::IBuilder>(static_cast<nv::IBuilder*>(builder));
}

void DescribeNetwork(const nv::INetworkDefinition& network, BuildResult& result) {
  result.layers = network.getNbLayers();
  for (int32_t i = 0; i < network.getNbInputs(); i++) result.inputs.push_back(Describe(*network.getInput(i)));
  for (int32_t i = 0; i < network.getNbOutputs(); i++)
    result.outputs.push_back(Describe(*network.getOutput(i)));
}

[[noreturn]] void ThrowBuildFailure(const BuildSession& session, const char* where) {
  // The monitor said stop; TensorRT's own words for it differ from version to version.
  session.ThrowIfCancelled();
  throw BuildFailure(where, session.log.Lines());
}

void BuildToFile(const BuildSession& session, nv::INetworkDefinition& network, nv::IBuilderConfig& config,
                 OutputFile& file) {
  StreamWriter writer(file);
  const bool built = session.builder.buildSerializedNetworkToStream(network, config, writer);
  file.ThrowIfFailed();
  if (!built) ThrowBuildFailure(session, "IBuilder::buildSerializedNetworkToStream");
}

Owned<nv::IHostMemory> BuildToMemory(const BuildSession& session, nv::INetworkDefinition& network,
                                     nv::IBuilderConfig& config) {
  nv::IHostMemory* engine = session.builder.buildSerializedNetwork(network, config);
  if (!IsObject(engine)) ThrowBuildFailure(session, "IBuilder::buildSerializedNetwork");
  return Owned<nv::IHostMemory>(engine);
}

void BuildEngine(const BuildSession& session, nv::INetworkDefinition& network, nv::IBuilderConfig& config,
                 OutputFile* file, BuildResult& result) {
  if (file != nullptr && session.AtLeast(kStreamWriterSince)) {
    BuildToFile(session, network, config, *file);
  } else {
    const Owned<nv::IHostMemory> engine = BuildToMemory(session, network, config);
    const auto* bytes = static_cast<const uint8_t*>(engine->data());
    if (file != nullptr) {
      file->Write(bytes, engine->size());
    } else {
      result.engine.assign(bytes, bytes + engine->size());
    }
  }
  session.ThrowIfCancelled();
  if (file != nullptr) file->Commit();
  result.engine_bytes = file != nullptr ? file->bytes() : result.engine.size();
}

void Run(const BuildSession& session, OutputFile* file, BuildResult& result) {
  session.ThrowIfCancelled();
  auto start = std::chrono::steady_clock::now();
  const ParsedModel model = ParseModel(session);
  result.parse_ms = MillisecondsSince(start);
  DescribeNetwork(*model.network, result);
  session.ThrowIfCancelled();

  nv::IBuilderConfig* created = session.builder.createBuilderConfig();
  if (!IsObject(created)) throw BuildFailure("IBuilder::createBuilderConfig", session.log.Lines());
  // Declared in the order that their destructors need: the config uses the cache and the monitor.
  Owned<nv::ITimingCache> timing_cache;
  ProgressMonitor monitor(session.observer);
  const Owned<nv::IBuilderConfig> config(created);
  config->setProgressMonitor(&monitor);
  ApplyOptions(session, *config);
  AddProfiles(session, *config);
  timing_cache = AttachTimingCache(session, *config);

  start = std::chrono::steady_clock::now();
  BuildEngine(session, *model.network, *config, file, result);
  result.build_ms = MillisecondsSince(start);
  if (timing_cache) result.timing_cache = Serialize(session, *timing_cache);
}

/// "1.7.1.116": the four parts where the library tells them, else what getInferLibVersion() holds.
std::string FullVersion(const LibraryPair& libraries) {
  std::string text = VersionText(libraries.version);
  if (auto* build = libraries.infer->Function<int32_t()>("getInferLibBuildVersion"))
    text += "." + std::to_string(build());
  return text;
}

class Backend final : public BuilderBackend {
 public:
  explicit Backend(const LibraryPair& libraries) : libraries_(libraries) {}

  Family family() const override { return libraries_.family; }
  int library_version() const override { return libraries_.version; }

  BuildResult Build(const BuildRequest& request, const BuildObserver& observer) override {
    RequireDriver(libraries_, request);
    // Errors are always heard, whatever the caller wants to see: they decide the error's code.
    const Severity threshold = std::max(request.log_severity, Severity::kError);
    LogCapture log(threshold, observer.on_log);
    std::unique_ptr<OutputFile> file;
    if (!request.output_path.empty()) file = std::make_unique<OutputFile>(request.output_path);

    BuildResult result;
    result.library_version = FullVersion(libraries_);
    ErrorRecorder recorder;
    const Owned<nv::IBuilder> builder = CreateBuilder(libraries_, log);
    builder->setErrorRecorder(&recorder);
    Run(BuildSession{libraries_, request, observer, log, *builder}, file.get(), result);
    result.log = log.Lines();
    return result;
  }

 private:
  const LibraryPair libraries_;
};

}  // namespace

std::shared_ptr<BuilderBackend> CreateBuilderBackend(const LibraryPair& libraries) {
  return std::make_shared<Backend>(libraries);
}

}  // namespace trtn::trt::TRTN_FAMILY
