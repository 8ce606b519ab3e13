// SPDX-License-Identifier: Apache-2.0
#include "trt/plan_library.h"

#include "core/error.h"
#include "cuda/driver_probe.h"
#include "trt/family_entry.h"
#include "trt/library_identity.h"
#include "trt/version.h"

namespace trtn::trt {
namespace {

/// TensorRT 10 and 11 may end the process when a runtime is created without a driver; TensorRT-RTX fails with
/// an error, and says more without a driver than this question could.
void RequireDriver(const PlanLibrary& library) {
  if (library.family == Family::kTensorRtRtx) return;
  const cuda::DriverReport report = cuda::ProbeDriver(library.driver_path, OldestDriver(library.family));
  if (report.status == cuda::DriverStatus::kOk) return;
  Error error(cuda::DriverErrorCode(report.status),
              ProductName(library.version) + " needs a GPU. " + report.message, "cuInit");
  error.details.push_back({"driver", {report.path}});
  throw error;
}

std::shared_ptr<PlanRuntime> CreateRuntime(const PlanLibrary& library) {
  switch (library.family) {
#ifdef TRTN_HAS_FAMILY_10
    case Family::kTensorRt10:
      return family_10::CreatePlanRuntime(library);
#endif
#ifdef TRTN_HAS_FAMILY_11
    case Family::kTensorRt11:
      return family_11::CreatePlanRuntime(library);
#endif
#ifdef TRTN_HAS_FAMILY_RTX
    case Family::kTensorRtRtx:
      return family_rtx::CreatePlanRuntime(library);
#endif
    default:
      break;
  }
  throw Error("ERR_TRT_LOAD_TENSORRT_UNSUPPORTED", "The addon was compiled without this family.");
}

}  // namespace

std::shared_ptr<PlanRuntime> OpenPlanRuntime(const RuntimeLibraryOptions& options) {
  const IdentifiedLibrary infer = OpenIdentified(options.library, LibraryUse::kRun);
  PlanLibrary library;
  library.family = infer.family;
  library.version = infer.version;
  library.infer = infer.library;
  library.create_runtime = infer.library->Function<void*(void*, int)>("createInferRuntime_INTERNAL");
  library.create_refitter = infer.library->Function<void*(void*, void*, int)>("createInferRefitter_INTERNAL");
  if (!options.parser.empty()) {
    library.parser = OpenParser(options.parser, LibraryUse::kRun);
    library.create_parser_refitter =
        library.parser->Function<void*(void*, void*, int)>("createNvOnnxParserRefitter_INTERNAL");
  }
  library.plugins = options.plugins;
  library.driver_path = options.driver_path;
  RequireDriver(library);
  return CreateRuntime(library);
}

}  // namespace trtn::trt
