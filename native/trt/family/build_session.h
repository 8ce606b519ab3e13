// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "core/builder.h"
#include "core/log_capture.h"
#include "trt/family/nvinfer.h"
#include "trt/library.h"

namespace trtn::trt::TRTN_FAMILY {

/// What the steps of one build share. All of it outlives the build.
struct BuildSession {
  const LibraryPair& libraries;
  const BuildRequest& request;
  const BuildObserver& observer;
  LogCapture& log;
  nv::IBuilder& builder;

  /// True if the library is at least `version` (getInferLibVersion's numbering). Methods newer than the
  /// family's oldest library are called only behind this: an older library has no such slot.
  bool AtLeast(int version) const { return libraries.version >= version; }
  /// "TensorRT-RTX 1.7.1"
  std::string Product() const;
  /// Throws ERR_TRT_BUILD_CANCELLED if the observer asks for it.
  void ThrowIfCancelled() const;
};

}  // namespace trtn::trt::TRTN_FAMILY
