// SPDX-License-Identifier: Apache-2.0
#include "trt/library.h"

#include "core/error.h"
#include "trt/family_entry.h"
#include "trt/library_identity.h"

namespace trtn::trt {
namespace {

std::shared_ptr<BuilderBackend> CreateBackend(const LibraryPair& pair) {
  switch (pair.family) {
#ifdef TRTN_HAS_FAMILY_10
    case Family::kTensorRt10:
      return family_10::CreateBuilderBackend(pair);
#endif
#ifdef TRTN_HAS_FAMILY_11
    case Family::kTensorRt11:
      return family_11::CreateBuilderBackend(pair);
#endif
#ifdef TRTN_HAS_FAMILY_RTX
    case Family::kTensorRtRtx:
      return family_rtx::CreateBuilderBackend(pair);
#endif
    default:
      break;
  }
  throw Error("ERR_TRT_LOAD_TENSORRT_UNSUPPORTED", "The addon was compiled without this family.");
}

}  // namespace

std::vector<Family> CompiledFamilies() {
  return {
#ifdef TRTN_HAS_FAMILY_10
      Family::kTensorRt10,
#endif
#ifdef TRTN_HAS_FAMILY_11
      Family::kTensorRt11,
#endif
#ifdef TRTN_HAS_FAMILY_RTX
      Family::kTensorRtRtx,
#endif
  };
}

LibraryReport ProbeLibrary(const std::string& path) {
  LibraryReport report;
  report.path = path;
  DynamicLibrary::OpenResult opened = DynamicLibrary::Open(path);
  if (!opened.library) {
    report.reason = opened.error;
    report.missing = opened.missing;
    return report;
  }
  report.path = opened.library->path();
  Identify(*opened.library, LibraryUse::kBuild, report);
  // Unloading TensorRT takes longer than keeping it, and it is what the next call will want.
  if (report.reason.empty()) opened.library->KeepOpen();
  return report;
}

std::shared_ptr<BuilderBackend> OpenBuilderBackend(const std::string& library, const std::string& parser,
                                                   const std::string& driver_path) {
  const IdentifiedLibrary infer = OpenIdentified(library, LibraryUse::kBuild);
  LibraryPair pair;
  pair.family = infer.family;
  pair.version = infer.version;
  pair.infer = infer.library;
  pair.parser = OpenParser(parser, LibraryUse::kBuild);
  pair.create_builder = pair.infer->Function<void*(void*, int)>("createInferBuilder_INTERNAL");
  pair.create_parser = pair.parser->Function<void*(void*, void*, int)>("createNvOnnxParser_INTERNAL");
  pair.driver_path = driver_path;
  return CreateBackend(pair);
}

}  // namespace trtn::trt
