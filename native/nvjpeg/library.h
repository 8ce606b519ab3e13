// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "dl/dynamic_library.h"
#include "nvjpeg/nvjpeg_api.h"

namespace trtn::nvjpeg {

/// nvJPEG, opened. Stays in the process once it is known to be it, as the CUDA runtime in it does.
/// Thread-safe.
class Library {
 public:
  /// A library, or why there is none, in a sentence without its point.
  struct OpenResult {
    std::shared_ptr<const Library> library;
    std::string reason;
  };
  /// Opens `path`, or a bare name by the loader's search; versions 12 and 13. Calls nothing of CUDA.
  static OpenResult Open(const std::string& path);

  const NvjpegApi& api() const { return api_; }
  /// Where the loader found it.
  const std::string& path() const { return library_->path(); }
  /// "13.3.2".
  const std::string& version() const { return version_; }

 private:
  Library(std::shared_ptr<DynamicLibrary> library, const NvjpegApi& api, std::string version);

  std::shared_ptr<DynamicLibrary> library_;
  NvjpegApi api_;
  std::string version_;
};

/// "nvjpegDecode returned NVJPEG_STATUS_BAD_JPEG".
std::string Describe(const char* call, Status status);

}  // namespace trtn::nvjpeg
