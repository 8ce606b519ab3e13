// SPDX-License-Identifier: Apache-2.0
// An nvJPEG over the stand-in driver, with the size of a JPEG but none of its pixels: each level follows from
// its place and from the bytes of the file, (3 x + 5 y + 7 channel + sum of the bytes) mod 256. Calls are
// counted and fail by the driver's control ("fault nvjpegDecode 1 3"), handles and states are among its
// objects, and what real hardware would not forgive is a violation.
//
// STANDIN_MAJOR is the version that it tells.
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "standin.h"

extern "C" int cuCtxGetCurrent(void** context);
extern "C" int cuStreamQuery(void* stream);

namespace {

#define STANDIN_API extern "C" __attribute__((visibility("default")))

using Status = int;
constexpr Status kSuccess = 0;
constexpr Status kInvalidParameter = 2;
constexpr Status kBadJpeg = 3;
constexpr Status kJpegNotSupported = 4;
constexpr Status kExecutionFailed = 6;
constexpr Status kIncompleteBitstream = 10;
constexpr int kNotReady = 600;
constexpr int kOutputRgbInterleaved = 5;

struct Handle {
  std::atomic<int> states{0};
};

struct State {
  Handle* handle;
  void* stream = nullptr;
  /// Decodes that run, on the host or on the device. Shared: the driver may end dropped work late.
  std::shared_ptr<std::atomic<int>> running = std::make_shared<std::atomic<int>>(0);
};

struct Frame {
  int width = 0;
  int height = 0;
  int components = 0;
  bool is_progressive = false;
};

struct Image {
  unsigned char* channel[4];
  size_t pitch[4];
};

struct Fill {
  std::shared_ptr<std::atomic<int>> running;
  unsigned char* pixels;
  size_t pitch;
  Frame frame;
  unsigned sum;
};

void CheckContext(const char* entry) {
  void* context = nullptr;
  if (cuCtxGetCurrent(&context) == 0 && context != nullptr) return;
  trtn_standin_violation((std::string(entry) + " without a context").c_str());
}

int Number(const unsigned char* at) { return at[0] << 8 | at[1]; }

Status ReadFrame(const unsigned char* data, size_t length, Frame* frame) {
  if (data == nullptr || length < 4 || Number(data) != 0xffd8) return kBadJpeg;
  for (size_t at = 2; at + 9 < length;) {
    if (data[at] != 0xff) return kBadJpeg;
    const int marker = data[at + 1];
    if (marker >= 0xc0 && marker <= 0xc2) {
      *frame = {Number(data + at + 7), Number(data + at + 5), data[at + 9], marker == 0xc2};
      return kSuccess;
    }
    at += 2 + static_cast<size_t>(Number(data + at + 2));
  }
  return kIncompleteBitstream;
}

void FillPixels(void* argument) {
  Fill& fill = *static_cast<Fill*>(argument);
  for (int y = 0; y < fill.frame.height; y++) {
    unsigned char* row = fill.pixels + static_cast<size_t>(y) * fill.pitch;
    for (int x = 0; x < fill.frame.width; x++) {
      for (int c = 0; c < 3; c++)
        row[3 * x + c] = static_cast<unsigned char>(3 * x + 5 * y + 7 * c + static_cast<int>(fill.sum));
    }
  }
  --*fill.running;
}

void EndFill(void* argument) { delete static_cast<Fill*>(argument); }

}  // namespace

STANDIN_API Status nvjpegGetProperty(int property, int* value) {
  const int parts[] = {STANDIN_MAJOR, 4, 1};
  if (property < 0 || property > 2) return kInvalidParameter;
  *value = parts[property];
  return kSuccess;
}

STANDIN_API Status nvjpegCreateSimple(Handle** handle) {
  CheckContext("nvjpegCreateSimple");
  if (const int status = trtn_standin_call("nvjpegCreateSimple")) return status;
  *handle = new Handle;
  trtn_standin_count_object("nvjpegHandle", 1);
  return kSuccess;
}

STANDIN_API Status nvjpegDestroy(Handle* handle) {
  if (handle->states != 0) trtn_standin_violation("nvjpegDestroy before its states were destroyed");
  delete handle;
  trtn_standin_count_object("nvjpegHandle", -1);
  return kSuccess;
}

STANDIN_API Status nvjpegJpegStateCreate(Handle* handle, State** state) {
  CheckContext("nvjpegJpegStateCreate");
  if (const int status = trtn_standin_call("nvjpegJpegStateCreate")) return status;
  *state = new State{handle};
  handle->states++;
  trtn_standin_count_object("nvjpegJpegState", 1);
  return kSuccess;
}

STANDIN_API Status nvjpegJpegStateDestroy(State* state) {
  CheckContext("nvjpegJpegStateDestroy");
  if (state->stream != nullptr && cuStreamQuery(state->stream) == kNotReady)
    trtn_standin_violation("nvjpegJpegStateDestroy while it decodes");
  state->handle->states--;
  delete state;
  trtn_standin_count_object("nvjpegJpegState", -1);
  return kSuccess;
}

STANDIN_API Status nvjpegGetImageInfo(Handle*, const unsigned char* data, size_t length, int* components,
                                      int* subsampling, int widths[4], int heights[4]) {
  if (const int status = trtn_standin_call("nvjpegGetImageInfo")) return status;
  Frame frame;
  const Status status = ReadFrame(data, length, &frame);
  if (status != kSuccess) return status;
  *components = frame.components;
  *subsampling = frame.components == 1 ? 6 : 0;
  for (int i = 0; i < 4; i++) {
    widths[i] = i < frame.components ? frame.width : 0;
    heights[i] = i < frame.components ? frame.height : 0;
  }
  return kSuccess;
}

STANDIN_API Status nvjpegDecode(Handle*, State* state, const unsigned char* data, size_t length, int format,
                                Image* image, void* stream) {
  CheckContext("nvjpegDecode");
  if (state->running->fetch_add(1) != 0) trtn_standin_violation("two decodes in one nvjpegJpegState");
  Frame frame;
  Status status = trtn_standin_call("nvjpegDecode");
  if (status == kSuccess) status = ReadFrame(data, length, &frame);
  if (status == kSuccess && format != kOutputRgbInterleaved) status = kInvalidParameter;
  if (status == kSuccess && frame.components != 1 && frame.components != 3) status = kJpegNotSupported;
  if (status != kSuccess) {
    --*state->running;
    return status;
  }
  const size_t bytes = image->pitch[0] * static_cast<size_t>(frame.height);
  if (image->pitch[0] < static_cast<size_t>(frame.width) * 3 ||
      trtn_standin_is_device_memory(image->channel[0], bytes) == 0)
    trtn_standin_violation("nvjpegDecode into memory that is none of the device, or too small");
  unsigned sum = 0;
  for (size_t i = 0; i < length; i++) sum += data[i];
  auto* fill = new Fill{state->running, image->channel[0], image->pitch[0], frame, sum};
  state->stream = stream;
  // The driver calls EndFill(), whether it takes the work or not.
  if (trtn_standin_launch(stream, "nvjpegDecode", 0, FillPixels, fill, EndFill) == 0) return kSuccess;
  --*state->running;
  return kExecutionFailed;
}
