// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/output_file.h"
#include "trt/family/nvinfer.h"

namespace trtn::trt::TRTN_FAMILY {

/// Lets TensorRT write an engine into an OutputFile. A failed write makes the build fail; OutputFile keeps
/// the reason.
class StreamWriter final : public nv::IStreamWriter {
 public:
  explicit StreamWriter(OutputFile& file) : file_(file) {}

  int64_t write(void const* data, int64_t bytes) override {
    return file_.Write(data, static_cast<size_t>(bytes)) ? bytes : 0;
  }

 private:
  OutputFile& file_;
};

}  // namespace trtn::trt::TRTN_FAMILY
