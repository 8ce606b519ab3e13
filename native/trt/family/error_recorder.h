// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "trt/family/nvinfer.h"

namespace trtn::trt::TRTN_FAMILY {

/// Keeps the errors that a builder reports. They repeat log lines, but arrive whatever the log's severity is.
/// Thread-safe. Owned by whoever builds; TensorRT's reference count is counted and not acted upon.
class ErrorRecorder final : public nv::IErrorRecorder {
 public:
  int32_t getNbErrors() const noexcept override;
  nv::ErrorCode getErrorCode(int32_t index) const noexcept override;
  ErrorDesc getErrorDesc(int32_t index) const noexcept override;
  bool hasOverflowed() const noexcept override;
  void clear() noexcept override;
  bool reportError(nv::ErrorCode code, ErrorDesc description) noexcept override;
  RefCount incRefCount() noexcept override;
  RefCount decRefCount() noexcept override;

 private:
  struct Entry {
    nv::ErrorCode code;
    std::string text;
  };

  const Entry* At(int32_t index) const;

  mutable std::mutex mutex_;
  std::vector<Entry> entries_;
  bool overflowed_ = false;
  RefCount references_ = 0;
};

}  // namespace trtn::trt::TRTN_FAMILY
