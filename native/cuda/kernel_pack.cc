// SPDX-License-Identifier: Apache-2.0
#include "cuda/kernel_pack.h"

#include <cstdint>
#include <cstring>

#include "core/error.h"
#include "cuda/lz4_block.h"

namespace trtn::cuda {
namespace {

constexpr char kMagic[] = "TRTNPACK";
constexpr size_t kMagicBytes = 8;
constexpr size_t kImageAlignment = 16;

[[noreturn]] void ThrowDamaged(const std::string& what) {
  throw Error("ERR_TRT_LOAD_ADDON", "The kernels in the addon are damaged: " + what + ".");
}

/// Takes pieces from the front.
class PackReader {
 public:
  PackReader(const char* data, size_t bytes) : data_(data), bytes_(bytes) {}
  const char* Take(size_t count) {
    if (count > bytes_ - at_) ThrowDamaged("they end too early");
    const char* piece = data_ + at_;
    at_ += count;
    return piece;
  }
  uint32_t Number() {
    uint32_t number;
    std::memcpy(&number, Take(sizeof number), sizeof number);
    return number;
  }
  std::string Text() {
    const uint32_t length = Number();
    return std::string(Take(length), length);
  }
  void Align() { Take((kImageAlignment - at_ % kImageAlignment) % kImageAlignment); }

 private:
  const char* data_;
  size_t bytes_, at_ = 0;
};

std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  for (size_t at = 0; at < text.size();) {
    const size_t end = text.find('\n', at);
    lines.push_back(text.substr(at, end - at));
    if (end == std::string::npos) break;
    at = end + 1;
  }
  return lines;
}

}  // namespace

std::vector<char> KernelImage::Expand() const {
  std::vector<char> image(bytes + 1, 0);
  if (!is_compressed()) {
    if (bytes > 0) std::memcpy(image.data(), data, bytes);
  } else if (!ExpandLz4(data, stored, image.data(), bytes)) {
    ThrowDamaged("those of " + source + " cannot be expanded");
  }
  return image;
}

std::vector<KernelImage> ReadKernelPack(const char* data, size_t bytes) {
  PackReader reader(data, bytes);
  if (bytes < kMagicBytes || std::memcmp(reader.Take(kMagicBytes), kMagic, kMagicBytes) != 0) {
    ThrowDamaged("they do not begin as they should");
  }
  std::vector<KernelImage> images;
  for (uint32_t left = reader.Number(); left > 0; left--) {
    KernelImage image;
    image.source = reader.Text();
    image.kernels = Lines(reader.Text());
    image.bytes = reader.Number();
    image.stored = reader.Number();
    if (image.stored > image.bytes) ThrowDamaged("those of " + image.source + " have no size");
    reader.Align();
    image.data = reader.Take(image.stored);
    images.push_back(std::move(image));
  }
  return images;
}

}  // namespace trtn::cuda
