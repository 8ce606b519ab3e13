// SPDX-License-Identifier: Apache-2.0
#include "trt/library.h"

#include "core/error.h"
#include "trt/family_entry.h"
#include "trt/version.h"

namespace trtn::trt {
namespace {

constexpr char kSupported[] = "supported are TensorRT 10.6 and newer, 11.x and TensorRT-RTX 1.5 and newer";

bool IsCompiled(Family family) {
  for (Family compiled : CompiledFamilies()) {
    if (compiled == family) return true;
  }
  return false;
}

/// Fills `report` from an opened library.
void Identify(const DynamicLibrary& library, LibraryReport& report) {
  auto* get_version = library.Function<int()>("getInferLibVersion");
  if (get_version == nullptr) {
    report.reason = "not a TensorRT library: it has no getInferLibVersion";
    return;
  }
  report.version = get_version();
  const std::optional<Family> family = FamilyOfVersion(report.version);
  if (!family) {
    report.reason = ProductName(report.version) + " is not supported; " + kSupported;
    return;
  }
  report.family = family;
  if (!IsCompiled(*family)) {
    report.reason = std::string("this addon was compiled without the headers of ") + FamilyName(*family);
  } else if (library.Symbol("createInferBuilder_INTERNAL") == nullptr) {
    report.reason = "it has no builder (a lean or dispatch runtime)";
  }
}

[[noreturn]] void ThrowUnusable(const LibraryReport& report) {
  const char* code = report.version != 0 ? "ERR_TRT_LOAD_TENSORRT_UNSUPPORTED"
                     : report.missing    ? "ERR_TRT_LOAD_TENSORRT_NOT_FOUND"
                                         : "ERR_TRT_LOAD_TENSORRT_BROKEN";
  Error error(code, "The TensorRT library " + report.path + " cannot be used: " + report.reason + ".",
              "dlopen");
  error.details.push_back({"path", {report.path}});
  if (report.version != 0) error.details.push_back({"version", {VersionText(report.version)}});
  throw error;
}

std::shared_ptr<DynamicLibrary> OpenParser(const std::string& path) {
  DynamicLibrary::OpenResult opened = DynamicLibrary::Open(path);
  LibraryReport report;
  report.path = path;
  if (!opened.library) {
    report.reason = opened.error;
    report.missing = opened.missing;
    ThrowUnusable(report);
  }
  if (opened.library->Symbol("createNvOnnxParser_INTERNAL") == nullptr) {
    report.reason = "not an ONNX parser of TensorRT: it has no createNvOnnxParser_INTERNAL";
    ThrowUnusable(report);
  }
  return opened.library;
}

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
  Identify(*opened.library, report);
  // Unloading TensorRT takes longer than keeping it, and it is what the next call will want.
  if (report.reason.empty()) opened.library->KeepOpen();
  return report;
}

std::shared_ptr<BuilderBackend> OpenBuilderBackend(const std::string& library, const std::string& parser,
                                                   const std::string& driver_path) {
  LibraryReport report;
  report.path = library;
  DynamicLibrary::OpenResult opened = DynamicLibrary::Open(library);
  report.reason = opened.error;
  report.missing = opened.missing;
  if (opened.library) Identify(*opened.library, report);
  if (!report.reason.empty()) ThrowUnusable(report);

  LibraryPair pair;
  pair.family = *report.family;
  pair.version = report.version;
  pair.infer = opened.library;
  pair.infer->KeepOpen();
  // After the builder library: the parser depends on it by name and must find this very copy.
  pair.parser = OpenParser(parser);
  pair.parser->KeepOpen();
  pair.create_builder = pair.infer->Function<void*(void*, int)>("createInferBuilder_INTERNAL");
  pair.create_parser = pair.parser->Function<void*(void*, void*, int)>("createNvOnnxParser_INTERNAL");
  pair.driver_path = driver_path;
  return CreateBackend(pair);
}

}  // namespace trtn::trt
