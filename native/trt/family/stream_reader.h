// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "dl/dynamic_library.h"
#include "trt/family/nvinfer.h"
#include "trt/plan.h"

namespace trtn::trt::TRTN_FAMILY {

/// Lets TensorRT read a plan from a PlanSource. TensorRT asks for some parts straight into device memory;
/// those go through a host buffer of a bounded size.
class StreamReader final : public nv::IStreamReaderV2 {
 public:
  /// `source` must outlive the reader; `driver_path` is the driver that made the current context.
  StreamReader(PlanSource& source, const std::string& driver_path);

  int64_t read(void* destination, int64_t bytes, cudaStream_t stream) noexcept override;
  bool seek(int64_t offset, nv::SeekPosition where) noexcept override;

 private:
  bool IsOnDevice(const void* address) const noexcept;
  int64_t ReadToDevice(void* destination, int64_t bytes, cudaStream_t stream);

  using GetAttributeFn = cuda::Result(void* data, int attribute, cuda::DevicePointer pointer);
  using CopyFn = cuda::Result(cuda::DevicePointer to, const void* from, size_t bytes,
                              cuda::StreamHandle stream);
  using SynchronizeFn = cuda::Result(cuda::StreamHandle stream);

  PlanSource& source_;
  std::vector<char> buffer_;
  DynamicLibrary::OpenResult driver_;
  GetAttributeFn* get_attribute_ = nullptr;
  CopyFn* copy_ = nullptr;
  SynchronizeFn* synchronize_ = nullptr;
};

}  // namespace trtn::trt::TRTN_FAMILY
