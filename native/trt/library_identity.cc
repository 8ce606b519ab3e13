// SPDX-License-Identifier: Apache-2.0
#include "trt/library_identity.h"

#include "core/error.h"
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

}  // namespace

void Identify(const DynamicLibrary& library, LibraryUse use, LibraryReport& report) {
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
  } else if (use == LibraryUse::kBuild && library.Symbol("createInferBuilder_INTERNAL") == nullptr) {
    report.reason = "it has no builder (a lean or dispatch runtime)";
  } else if (use == LibraryUse::kRun && library.Symbol("createInferRuntime_INTERNAL") == nullptr) {
    report.reason = "it has no runtime: it has no createInferRuntime_INTERNAL";
  }
}

IdentifiedLibrary OpenIdentified(const std::string& path, LibraryUse use) {
  LibraryReport report;
  report.path = path;
  DynamicLibrary::OpenResult opened = DynamicLibrary::Open(path);
  report.reason = opened.error;
  report.missing = opened.missing;
  if (opened.library) Identify(*opened.library, use, report);
  if (!report.reason.empty()) ThrowUnusable(report);
  opened.library->KeepOpen();
  return {opened.library, *report.family, report.version};
}

std::shared_ptr<DynamicLibrary> OpenParser(const std::string& path, LibraryUse use) {
  DynamicLibrary::OpenResult opened = DynamicLibrary::Open(path);
  LibraryReport report;
  report.path = path;
  if (!opened.library) {
    report.reason = opened.error;
    report.missing = opened.missing;
    ThrowUnusable(report);
  }
  const char* entry =
      use == LibraryUse::kBuild ? "createNvOnnxParser_INTERNAL" : "createNvOnnxParserRefitter_INTERNAL";
  if (opened.library->Symbol(entry) == nullptr) {
    report.reason = std::string("not an ONNX parser of TensorRT: it has no ") + entry;
    ThrowUnusable(report);
  }
  opened.library->KeepOpen();
  return opened.library;
}

}  // namespace trtn::trt
