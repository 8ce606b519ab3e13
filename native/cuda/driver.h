// SPDX-License-Identifier: Apache-2.0
//
// The driver's entry points, opened at run time, and the one place where their results become errors.
#pragma once

#include <memory>
#include <string>

#include "core/error.h"
#include "cuda/driver_api.h"
#include "dl/dynamic_library.h"

namespace trtn::cuda {

/// What a result means for what comes after it.
enum class Severity {
  kOk,
  /// The call failed, the device goes on: out of memory, an invalid argument, a capture that was broken.
  kCall,
  /// The context is lost (an illegal address, a launch that failed, a device that fell off the bus): every
  /// later call of the process on this device fails with the same result.
  kSticky
};
Severity SeverityOf(Result result);

/// The opened driver. One per library and process, under whatever path it is asked for; never closed.
/// Thread-safe.
class Driver {
 public:
  /// Opens libcuda.so.1 (or `path`) and initialises it. Throws the ERR_TRT_CUDA_* of DriverErrorCode() if it
  /// does not open, does not initialise, or lacks an entry point that is not optional.
  static std::shared_ptr<const Driver> Open(const std::string& path = {});

  /// Entry points. The optional ones (end of DriverApi) are null where the driver has none.
  const DriverApi& api() const { return api_; }
  /// cuDriverGetVersion().
  int version() const { return version_; }
  /// Where the loader found it.
  const std::string& path() const { return library_->path(); }

  /// "CUDA_ERROR_OUT_OF_MEMORY".
  std::string Name(Result result) const;
  /// "CUDA_ERROR_OUT_OF_MEMORY (out of memory)".
  std::string Describe(Result result) const;
  /// The error of a failed call: ERR_TRT_CUDA_OUT_OF_MEMORY, ERR_TRT_CUDA_DEVICE_LOST (sticky) or
  /// ERR_TRT_CUDA_CALL; `where` is the call's name, details have `result` (the number) and `name`. `context`
  /// says what the call was for ("Allocating 4 MiB for the output 'y'").
  Error MakeError(Result result, const char* call, const std::string& context = {}) const;
  /// Throws MakeError() unless `result` is success. Does not poison a device: Device::Check() does.
  void Check(Result result, const char* call) const {
    if (result != kSuccess) throw MakeError(result, call);
  }

 private:
  Driver() = default;
  std::shared_ptr<DynamicLibrary> library_;
  DriverApi api_{};
  int version_ = 0;
};

}  // namespace trtn::cuda
