// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "dl/dynamic_library.h"
#include "nvml/nvml_api.h"

namespace trtn::nvml {

/// NVML, opened and initialised; shut down with its last owner. The file itself stays open. Thread-safe.
class Library {
 public:
  /// Opens libnvidia-ml.so.1 (or `path`). Throws ERR_TRT_LOAD_NVML_NOT_FOUND if it does not open, is
  /// something else, or does not start.
  static std::shared_ptr<const Library> Open(const std::string& path = {});
  ~Library() { api_.nvmlShutdown(); }
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;

  const NvmlApi& api() const { return api_; }
  /// Version of the NVIDIA driver, "580.65.06"; empty if it does not tell.
  const std::string& driver() const { return driver_; }
  /// "nvmlDeviceGetPowerUsage returned 3 (Not Supported)".
  std::string Describe(const char* call, Result result) const;

 private:
  explicit Library(std::shared_ptr<DynamicLibrary> library, const NvmlApi& api);

  std::shared_ptr<DynamicLibrary> library_;
  NvmlApi api_;
  std::string driver_;
};

}  // namespace trtn::nvml
