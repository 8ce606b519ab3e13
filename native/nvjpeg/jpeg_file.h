// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "core/error.h"

namespace trtn::nvjpeg {

/// What the frame of a JPEG file says.
struct JpegFrame {
  int width = 0;
  int height = 0;
  int components = 0;
};

/// A JPEG file in host memory, which is the caller's, with the markers of a whole one and no more pixels than
/// are wanted: no library is given another. Decoders fill what was cut off with grey, and take the memory
/// that a head asks for.
class JpegFile {
 public:
  /// Goes through the markers to the end; decodes nothing. Throws ERR_TRT_RUN_IMAGE_DECODE and
  /// ERR_TRT_RUN_IMAGE_LIMIT. See ITU-T T.81, annex B.
  JpegFile(const uint8_t* data, size_t size, uint64_t max_pixels);

  const uint8_t* data() const { return data_; }
  size_t size() const { return size_; }
  const JpegFrame& frame() const { return frame_; }

 private:
  const uint8_t* data_;
  size_t size_;
  JpegFrame frame_;
};

/// "640 x 480 pixels".
std::string SizeText(const JpegFrame& frame);

/// ERR_TRT_RUN_IMAGE_DECODE; `reason` is a sentence without its point. With the call that failed, `where`.
Error DecodeError(const std::string& reason, const char* where = "");

}  // namespace trtn::nvjpeg
