// SPDX-License-Identifier: Apache-2.0
#include "trt/family/stream_reader.h"

#include <algorithm>

namespace trtn::trt::TRTN_FAMILY {
namespace {

constexpr int64_t kBufferBytes = int64_t{8} << 20;
constexpr int kPointerAttributeMemoryType = 2;
constexpr unsigned int kMemoryTypeDevice = 2;

}  // namespace

StreamReader::StreamReader(PlanSource& source, const std::string& driver_path)
    : source_(source), driver_(DynamicLibrary::Open(driver_path.empty() ? "libcuda.so.1" : driver_path)) {
  if (!driver_.library) return;
  driver_.library->KeepOpen();
  get_attribute_ = driver_.library->Function<GetAttributeFn>("cuPointerGetAttribute");
  copy_ = driver_.library->Function<CopyFn>("cuMemcpyHtoDAsync_v2");
  synchronize_ = driver_.library->Function<SynchronizeFn>("cuStreamSynchronize");
}

bool StreamReader::IsOnDevice(const void* address) const noexcept {
  if (get_attribute_ == nullptr || copy_ == nullptr || synchronize_ == nullptr) return false;
  unsigned int type = 0;
  // Fails for ordinary host memory, which the driver does not know.
  const cuda::Result result =
      get_attribute_(&type, kPointerAttributeMemoryType, reinterpret_cast<cuda::DevicePointer>(address));
  return result == cuda::kSuccess && type == kMemoryTypeDevice;
}

int64_t StreamReader::ReadToDevice(void* destination, int64_t bytes, cudaStream_t stream) {
  buffer_.resize(static_cast<size_t>(std::min(bytes, kBufferBytes)));
  int64_t done = 0;
  while (done < bytes) {
    const int64_t count =
        source_.Read(buffer_.data(), std::min(bytes - done, static_cast<int64_t>(buffer_.size())));
    if (count < 0) return -1;
    if (count == 0) break;
    const auto to =
        reinterpret_cast<cuda::DevicePointer>(destination) + static_cast<cuda::DevicePointer>(done);
    // The buffer is used again at once, hence the wait.
    if (copy_(to, buffer_.data(), static_cast<size_t>(count), stream) != cuda::kSuccess) return -1;
    if (synchronize_(stream) != cuda::kSuccess) return -1;
    done += count;
  }
  return done;
}

int64_t StreamReader::read(void* destination, int64_t bytes, cudaStream_t stream) noexcept {
  try {
    if (IsOnDevice(destination)) return ReadToDevice(destination, bytes, stream);
    return source_.Read(destination, bytes);
  } catch (...) {
    return -1;  // out of memory
  }
}

bool StreamReader::seek(int64_t offset, nv::SeekPosition where) noexcept {
  return source_.Seek(offset, static_cast<int>(where));
}

}  // namespace trtn::trt::TRTN_FAMILY
