// SPDX-License-Identifier: Apache-2.0
#include "addon/nvjpeg_exports.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "addon/array_buffers.h"
#include "addon/async.h"
#include "addon/background.h"
#include "addon/convert.h"
#include "addon/device_copy.h"
#include "addon/device_tensor_wrap.h"
#include "nvjpeg/decoder.h"

namespace trtn {
namespace {

/// One call of decodeJpeg().
struct JpegJob {
  DeviceAddress device;
  std::vector<std::string> libraries;
  uint64_t max_pixels = 0;
  ArrayMemory file;
  /// Keeps `file`.
  Napi::ObjectReference array;
};

std::shared_ptr<JpegJob> ReadJpegJob(Napi::Object request) {
  auto job = std::make_shared<JpegJob>();
  job->device.driver_library = OptionalString(request, "driverLibrary").value_or("");
  job->device.ordinal = OptionalInt(request, "device").value_or(0);
  job->libraries = StringList(request, "libraries");
  job->max_pixels = OptionalSize(request, "maxPixels").value_or(0);
  const Napi::Value data = request.Get("data");
  job->file = MemoryOf(request.Env(), data);
  job->array = Napi::Persistent(data.As<Napi::Object>());
  return job;
}

/// On a thread of its own.
DeviceTensor DecodeJpegFile(const JpegJob& job, nvjpeg::Decoders& decoders) {
  const nvjpeg::JpegFile file(static_cast<const uint8_t*>(job.file.data), job.file.bytes, job.max_pixels);
  decoders.DropLost();
  const std::shared_ptr<nvjpeg::Decoder> decoder = decoders.Of(job.libraries, OpenDevice(job.device));
  nvjpeg::DecodedImage image = decoder->Decode(file);
  DeviceTensor tensor;
  tensor.device = job.device;
  tensor.type = ElementType::kUInt8;
  tensor.dims = {image.height, image.width, 3};
  tensor.bytes = image.bytes();
  tensor.memory = std::move(image.memory);
  return tensor;
}

}  // namespace

void RegisterNvjpeg(Napi::Env env, Napi::Object exports, Classes* classes) {
  auto decoders = std::make_shared<nvjpeg::Decoders>();
  Completions::Of(env)->AddStopper([decoders] { decoders->Close(); });
  const auto decode = [decoders, classes](const Napi::CallbackInfo& info) -> Napi::Value {
    const std::shared_ptr<JpegJob> job = ReadJpegJob(info[0].As<Napi::Object>());
    BackgroundWork work;
    work.run = [job, decoders, classes]() -> BackgroundWork::Converter {
      auto tensor = std::make_shared<DeviceTensor>(DecodeJpegFile(*job, *decoders));
      return [tensor, classes](Napi::Env env) -> Napi::Value {
        return DeviceTensorWrap::Make(env, classes->device_tensor, std::move(*tensor),
                                      AllowsExternalBuffers(env));
      };
    };
    work.release = [job] { job->array.Reset(); };
    return RunInBackground(info.Env(), std::move(work));
  };
  exports.Set("decodeJpeg", Napi::Function::New(env, decode, "decodeJpeg"));
}

}  // namespace trtn
