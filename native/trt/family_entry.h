// SPDX-License-Identifier: Apache-2.0
// The functions that each family's copy of native/trt/family/ gives to the rest.
#pragma once

#include <memory>

#include "core/builder.h"

namespace trtn::trt {

struct LibraryPair;
struct PlanLibrary;
class PlanRuntime;

namespace family_10 {
std::shared_ptr<BuilderBackend> CreateBuilderBackend(const LibraryPair& libraries);
std::shared_ptr<PlanRuntime> CreatePlanRuntime(const PlanLibrary& library);
}  // namespace family_10
namespace family_11 {
std::shared_ptr<BuilderBackend> CreateBuilderBackend(const LibraryPair& libraries);
std::shared_ptr<PlanRuntime> CreatePlanRuntime(const PlanLibrary& library);
}  // namespace family_11
namespace family_rtx {
std::shared_ptr<BuilderBackend> CreateBuilderBackend(const LibraryPair& libraries);
std::shared_ptr<PlanRuntime> CreatePlanRuntime(const PlanLibrary& library);
}  // namespace family_rtx

}  // namespace trtn::trt
