// SPDX-License-Identifier: Apache-2.0
#include "trt/family/refit.h"

#include <string>
#include <utility>
#include <vector>

#include "core/error.h"
#include "cuda/driver.h"
#include "trt/family/logger.h"
#include "trt/family/parser_errors.h"
#include "trt/run_failure.h"

namespace trtn::trt::TRTN_FAMILY {
namespace {

struct Refitter {
  // The parser refers to the refitter and dies first.
  Owned<nv::IRefitter> refitter;
  Owned<nvonnxparser::IParserRefitter> parser;
};

[[noreturn]] void Fail(EngineState& engine, const std::string& message, const char* where,
                       const LogCapture& log, std::vector<std::string> missing = {}) {
  throw RefitFailure(message, where, std::move(missing), engine.runtime->Take(log));
}

void RequireRefittable(EngineState& engine, const LogCapture& log) {
  const PlanLibrary& library = engine.runtime->library;
  if (library.create_refitter == nullptr) {
    throw Unsupported("createInferRefitter", "the lean library of " + engine.runtime->Product(),
                      "the full library of " + engine.runtime->Product());
  }
  if (!engine.engine->isRefittable()) {
    Fail(engine, "The plan cannot be refitted: it was not built with the option refit.",
         "ICudaEngine::isRefittable", log);
  }
  if (library.create_parser_refitter == nullptr) {
    Fail(engine, "Refitting needs TensorRT's ONNX parser library, which was not found or has no refitter.",
         "createNvOnnxParserRefitter", log);
  }
}

Refitter CreateRefitter(EngineState& engine, const LogCapture& log) {
  const PlanLibrary& library = engine.runtime->library;
  Refitter made;
  void* refitter = library.create_refitter(engine.engine.get(), &Logger(), library.version);
  if (!IsObject(refitter)) Fail(engine, "TensorRT creates no refitter.", "createInferRefitter", log);
  made.refitter.reset(static_cast<nv::IRefitter*>(refitter));
  made.refitter->setErrorRecorder(&engine.runtime->recorder);
  void* parser = library.create_parser_refitter(refitter, &Logger(), NV_ONNX_PARSER_VERSION);
  if (!IsObject(parser)) Fail(engine, "TensorRT creates no refitter.", "createNvOnnxParserRefitter", log);
  made.parser.reset(static_cast<nvonnxparser::IParserRefitter*>(parser));
  return made;
}

void ReadModel(EngineState& engine, nvonnxparser::IParserRefitter& parser, const RefitRequest& request,
               const LogCapture& log) {
  const char* path = request.model_path.empty() ? nullptr : request.model_path.c_str();
  const bool is_file = request.model_data == nullptr;
  const bool ok = is_file ? parser.refitFromFile(request.model_path.c_str())
                          : parser.refitFromBytes(request.model_data, request.model_bytes, path);
  if (ok) return;
  std::vector<ParserIssue> issues;
  CollectIssues(parser, issues);
  std::string reasons;
  for (const ParserIssue& issue : issues) reasons += " " + WithoutDriverNoise(issue.description);
  Fail(engine, "The model does not fit the plan:" + (reasons.empty() ? " the log says why." : reasons),
       is_file ? "IParserRefitter::refitFromFile" : "IParserRefitter::refitFromBytes", log);
}

/// Names from one of the refitter's lists, which are asked first for their length.
template <class Ask>
std::vector<std::string> Names(Ask ask) {
  const int32_t count = ask(0, nullptr);
  std::vector<const char*> names(count > 0 ? static_cast<size_t>(count) : 0, nullptr);
  if (!names.empty()) ask(count, names.data());
  std::vector<std::string> result;
  for (const char* name : names) result.push_back(name != nullptr ? name : "");
  return result;
}

std::string Join(const std::vector<std::string>& names) {
  constexpr size_t kShown = 8;
  std::string text;
  for (size_t i = 0; i < names.size() && i < kShown; i++) text += (i > 0 ? ", " : "") + names[i];
  return names.size() > kShown ? text + ", …" : text;
}

/// The parser also says yes to files without a single weight of the plan, an empty one among them.
bool GivesAnyWeight(nv::IRefitter& refitter, const std::vector<std::string>& names) {
  // Asking for weights that were not given is an error to TensorRT.
  const LogCapture unheard(Severity::kInternalError);
  for (const std::string& name : names) {
    if (refitter.getNamedWeights(name.c_str()).values != nullptr) return true;
  }
  return names.empty();
}

void RequireWeights(EngineState& engine, nv::IRefitter& refitter, const LogCapture& log) {
  const auto all = Names([&](int32_t n, const char** names) { return refitter.getAllWeights(n, names); });
  if (!GivesAnyWeight(refitter, all)) {
    engine.runtime->recorder.clear();
    Fail(engine, "The model gives none of the plan's weights: " + Join(all) + ".", "IRefitter::getAllWeights",
         log, all);
  }
  engine.runtime->recorder.clear();
  const auto missing =
      Names([&](int32_t n, const char** names) { return refitter.getMissingWeights(n, names); });
  if (missing.empty()) return;
  Fail(engine,
       "The model does not give weights that must be replaced with the others: " + Join(missing) + ".",
       "IRefitter::getMissingWeights", log, missing);
}

}  // namespace

void RefitEngine(EngineState& engine, const RefitRequest& request, cuda::StreamHandle stream) {
  const LogCapture log(Severity::kWarning);
  RequireRefittable(engine, log);
  const Refitter refit = CreateRefitter(engine, log);
  ReadModel(engine, *refit.parser, request, log);
  RequireWeights(engine, *refit.refitter, log);
  if (!refit.refitter->refitCudaEngineAsync(stream)) {
    // Some weights may have been replaced by now.
    Fail(engine, "TensorRT refuses the new weights.", "IRefitter::refitCudaEngineAsync", log);
  }
  // Before the refitter goes: other streams use the weights next, and nothing but this wait orders them.
  const auto driver = cuda::Driver::Open(engine.runtime->library.driver_path);
  driver->Check(driver->api().cuStreamSynchronize(stream), "cuStreamSynchronize");
}

}  // namespace trtn::trt::TRTN_FAMILY
