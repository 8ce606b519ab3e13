// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "cuda/device.h"
#include "cuda/stream.h"
#include "nvjpeg/jpeg_file.h"
#include "nvjpeg/library.h"

namespace trtn::nvjpeg {

/// Pixels on a device: uint8 [height, width, 3], red, green, blue.
struct DecodedImage {
  int width = 0;
  int height = 0;
  /// Of AllocateSharedDeviceMemory(); complete, any stream may use it.
  std::shared_ptr<void> memory;

  size_t bytes() const { return static_cast<size_t>(width) * static_cast<size_t>(height) * 3; }
};

/// nvJPEG on one device. Keeps the state and the stream of as many decodes as there were at once: they have
/// memory on the device as large as the largest image. Thread-safe.
class Decoder {
 public:
  /// With the first of `libraries` (paths, or bare names for the loader) that opens and starts on the device.
  /// Blocks for as long as the CUDA runtime in it takes to start. Throws ERR_TRT_LOAD_NVJPEG_NOT_FOUND with
  /// details {tried}, one text for each, and ERR_TRT_CUDA_*.
  static std::shared_ptr<Decoder> Open(const std::vector<std::string>& libraries,
                                       std::shared_ptr<cuda::Device> device);
  ~Decoder();
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  /// Decodes, and blocks until the pixels are there. Orientation and colour profile are not applied. Throws
  /// ERR_TRT_RUN_IMAGE_DECODE and ERR_TRT_CUDA_*.
  DecodedImage Decode(const JpegFile& file);

  const Library& library() const { return *library_; }
  cuda::Device& device() const { return *device_; }

 private:
  /// What one decode at a time uses.
  class Lane;

  Decoder(std::shared_ptr<const Library> library, std::shared_ptr<cuda::Device> device, LibraryHandle handle);
  std::unique_ptr<Lane> TakeLane();
  void CheckSize(const JpegFile& file) const;
  DecodedImage DecodeIn(Lane& lane, const JpegFile& file);
  [[noreturn]] void ThrowFailure(Status status, const char* call, const JpegFrame& frame) const;

  const std::shared_ptr<const Library> library_;
  const std::shared_ptr<cuda::Device> device_;
  const LibraryHandle handle_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Lane>> idle_;
};

/// The decoders of an environment, one for each device. Starting one takes long, so that they are kept until
/// Close(), or until their device is lost. Thread-safe.
class Decoders {
 public:
  /// Lets go of decoders whose device is lost, so that the device can be had again. To be called before it is
  /// opened.
  void DropLost();
  /// The one of this device and these libraries, opened at first use. Throws as Decoder::Open().
  std::shared_ptr<Decoder> Of(const std::vector<std::string>& libraries,
                              const std::shared_ptr<cuda::Device>& device);
  /// Keeps none from now on.
  void Close();

 private:
  using Entry = std::pair<std::vector<std::string>, std::shared_ptr<Decoder>>;
  std::mutex mutex_;
  bool is_closed_ = false;
  std::vector<Entry> entries_;
};

}  // namespace trtn::nvjpeg
