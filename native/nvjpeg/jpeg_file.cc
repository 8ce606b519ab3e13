// SPDX-License-Identifier: Apache-2.0
#include "nvjpeg/jpeg_file.h"

#include <cstring>

namespace trtn::nvjpeg {
namespace {

constexpr int kStartOfImage = 0xd8;
constexpr int kEndOfImage = 0xd9;
constexpr int kStartOfScan = 0xda;

/// SOF0 to SOF15, without the markers between them that are something else: DHT, JPG, DAC.
bool IsFrame(int marker) {
  return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
}

/// RST0 to RST7 and TEM have no content.
bool StandsAlone(int marker) { return marker == 0x01 || (marker >= 0xd0 && marker <= 0xd7); }

class MarkerReader {
 public:
  MarkerReader(const uint8_t* data, size_t size) : data_(data), size_(size) {}

  JpegFrame Read() {
    if (size_ == 0) throw DecodeError("it has no bytes");
    if (size_ < 3 || data_[0] != 0xff || data_[1] != kStartOfImage || data_[2] != 0xff)
      throw DecodeError("it does not begin as a JPEG file does");
    at_ = 2;
    for (int marker = NextMarker(); marker != kEndOfImage; marker = NextMarker()) {
      if (StandsAlone(marker)) continue;
      const size_t length = Number(at_);
      if (length < 2) throw DecodeError("a segment of it has the length " + std::to_string(length));
      if (IsFrame(marker)) ReadFrame(length);
      if (marker == kStartOfScan && !has_frame_) throw DecodeError("it has no size before its pixels");
      Skip(length);
      if (marker == kStartOfScan) SkipPixels();
    }
    if (!has_scan_) throw DecodeError("it has no pixels");
    return frame_;
  }

 private:
  [[noreturn]] void ThrowEnd() const {
    const char* where = has_scan_ ? "its pixels" : "its head";
    throw DecodeError("it ends within " + std::string(where) + ", after " + std::to_string(size_) + " bytes");
  }

  /// A byte of 0xff, as many more as there are, and the marker.
  int NextMarker() {
    if (at_ >= size_) ThrowEnd();
    if (data_[at_] != 0xff) throw DecodeError("there is no marker at byte " + std::to_string(at_));
    while (at_ < size_ && data_[at_] == 0xff) at_++;
    if (at_ >= size_) ThrowEnd();
    return data_[at_++];
  }

  size_t Number(size_t at) const {
    if (at > size_ || size_ - at < 2) ThrowEnd();
    return size_t{data_[at]} << 8 | data_[at + 1];
  }

  void Skip(size_t bytes) {
    if (size_ - at_ < bytes) ThrowEnd();
    at_ += bytes;
  }

  void ReadFrame(size_t length) {
    if (has_frame_) throw DecodeError("it has two frames");
    if (length < 8) throw DecodeError("the segment of its size is too short");
    if (size_ - at_ < 8) ThrowEnd();
    frame_ = {static_cast<int>(Number(at_ + 5)), static_cast<int>(Number(at_ + 3)), data_[at_ + 7]};
    has_frame_ = true;
    if (frame_.width == 0 || frame_.height == 0)
      throw DecodeError("its head says that it has " + SizeText(frame_));
    // Others are of files for printing and for medicine.
    if (frame_.components != 1 && frame_.components != 3)
      throw DecodeError("it has " + std::to_string(frame_.components) +
                        " components; 1 (grey) and 3 (colour) are decoded");
    if (data_[at_ + 2] != 8)
      throw DecodeError("its levels have " + std::to_string(data_[at_ + 2]) + " bits; 8 are decoded");
  }

  /// To the marker that ends a scan. In pixels 0xff is followed by 0 or by a restart marker.
  void SkipPixels() {
    has_scan_ = true;
    for (;;) {
      const void* found = std::memchr(data_ + at_, 0xff, size_ - at_);
      if (found == nullptr) ThrowEnd();
      at_ = static_cast<size_t>(static_cast<const uint8_t*>(found) - data_);
      if (size_ - at_ < 2) ThrowEnd();
      const int next = data_[at_ + 1];
      if (next == 0xff) {
        at_ += 1;
      } else if (next == 0 || StandsAlone(next)) {
        at_ += 2;
      } else {
        return;
      }
    }
  }

  const uint8_t* data_;
  size_t size_;
  size_t at_ = 0;
  bool has_frame_ = false;
  bool has_scan_ = false;
  JpegFrame frame_;
};

}  // namespace

JpegFile::JpegFile(const uint8_t* data, size_t size, uint64_t max_pixels)
    : data_(data), size_(size), frame_(MarkerReader(data, size).Read()) {
  if (static_cast<uint64_t>(frame_.width) * static_cast<uint64_t>(frame_.height) <= max_pixels) return;
  Error error("ERR_TRT_RUN_IMAGE_LIMIT", "The JPEG has " + SizeText(frame_) + ", by its head; at most " +
                                             std::to_string(max_pixels) + " are decoded.");
  error.AddNumber("width", frame_.width);
  error.AddNumber("height", frame_.height);
  error.AddNumber("maxPixels", max_pixels);
  throw error;
}

std::string SizeText(const JpegFrame& frame) {
  return std::to_string(frame.width) + " x " + std::to_string(frame.height) + " pixels";
}

Error DecodeError(const std::string& reason, const char* where) {
  Error error("ERR_TRT_RUN_IMAGE_DECODE", "The JPEG cannot be decoded: " + reason + ".", where);
  error.details.push_back({"reason", {reason}});
  return error;
}

}  // namespace trtn::nvjpeg
