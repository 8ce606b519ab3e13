// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "trt/plan.h"

namespace trtn::gpu {

/// A plan in a file, read piece by piece.
class FilePlanSource final : public trt::PlanSource {
 public:
  /// Throws ERR_TRT_LOAD_PLAN_NOT_FOUND if the file cannot be opened or is not a regular one.
  explicit FilePlanSource(const std::string& path);
  ~FilePlanSource() override;
  FilePlanSource(const FilePlanSource&) = delete;
  FilePlanSource& operator=(const FilePlanSource&) = delete;
  int64_t Read(void* destination, int64_t bytes) noexcept override;
  bool Seek(int64_t offset, int origin) noexcept override;
  uint64_t size() const override { return size_; }

 private:
  int file_ = -1;
  uint64_t size_ = 0;
  int64_t position_ = 0;
};

}  // namespace trtn::gpu
