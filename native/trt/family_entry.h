// SPDX-License-Identifier: Apache-2.0
// The one function that each family's copy of native/trt/family/ gives to the rest.
#pragma once

#include <memory>

#include "core/builder.h"

namespace trtn::trt {

struct LibraryPair;

namespace family_10 {
std::shared_ptr<BuilderBackend> CreateBuilderBackend(const LibraryPair& libraries);
}
namespace family_11 {
std::shared_ptr<BuilderBackend> CreateBuilderBackend(const LibraryPair& libraries);
}
namespace family_rtx {
std::shared_ptr<BuilderBackend> CreateBuilderBackend(const LibraryPair& libraries);
}

}  // namespace trtn::trt
