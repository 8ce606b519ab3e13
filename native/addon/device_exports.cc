// SPDX-License-Identifier: Apache-2.0
#include "addon/device_exports.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "addon/array_buffers.h"
#include "addon/background.h"
#include "addon/convert.h"
#include "addon/device_copy.h"
#include "addon/device_tensor_wrap.h"
#include "addon/errors.h"
#include "core/error.h"
#include "cuda/device.h"
#include "cuda/device_memory.h"

namespace trtn {
namespace {

/// One call of uploadTensor(): what its thread and its end share.
struct UploadJob {
  DeviceTensor tensor;
  std::vector<uint8_t> content;
};

UploadJob ReadUpload(Napi::Object request) {
  UploadJob job;
  DeviceTensor& tensor = job.tensor;
  tensor.device.driver_library = OptionalString(request, "driverLibrary").value_or("");
  tensor.device.ordinal = OptionalInt(request, "device").value_or(0);
  tensor.type = ToElementType(request.Env(), RequiredString(request, "type"));
  tensor.dims = Int64List(request, "dims");
  tensor.bytes = TensorBytes(tensor.type, tensor.dims);
  const ArrayMemory memory = MemoryOf(request.Env(), request.Get("data"));
  if (memory.bytes != tensor.bytes) {
    throw Error("ERR_TRT_RUN_INPUT_SIZE", "Expected " + std::to_string(tensor.bytes) + " bytes, got " +
                                              std::to_string(memory.bytes) + ".");
  }
  const auto* first = static_cast<const uint8_t*>(memory.data);
  // Copied: nothing keeps JavaScript from writing or transferring the array meanwhile.
  job.content.assign(first, first + memory.bytes);
  return job;
}

void Upload(UploadJob& job) {
  DeviceTensor& tensor = job.tensor;
  const std::shared_ptr<cuda::Device> device = OpenDevice(tensor.device);
  std::shared_ptr<void> memory = cuda::AllocateSharedDeviceMemory(device, tensor.bytes, "an uploaded tensor");
  CopyToDevice(device, memory.get(), job.content.data(), tensor.bytes);
  tensor.memory = std::move(memory);
  job.content = {};
}

Napi::Value UploadTensor(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  auto job = std::make_shared<UploadJob>();
  try {
    *job = ReadUpload(info[0].As<Napi::Object>());
  } catch (const Error& error) {
    ThrowToJs(env, error);
  }
  BackgroundWork work;
  work.run = [job, classes = static_cast<Classes*>(info.Data())]() -> BackgroundWork::Converter {
    Upload(*job);
    return [job, classes](Napi::Env env) -> Napi::Value {
      return DeviceTensorWrap::Make(env, classes->device_tensor, std::move(job->tensor),
                                    AllowsExternalBuffers(env));
    };
  };
  return RunInBackground(env, std::move(work));
}

Napi::Value DeviceMemory(const Napi::CallbackInfo& info) {
  DeviceAddress address;
  if (!info[0].IsNumber()) throw Napi::TypeError::New(info.Env(), "device must be a number");
  address.ordinal = info[0].As<Napi::Number>().Int32Value();
  if (info[1].IsString()) address.driver_library = info[1].As<Napi::String>().Utf8Value();
  BackgroundWork work;
  work.run = [address]() -> BackgroundWork::Converter {
    const std::shared_ptr<cuda::Device> device = OpenDevice(address);
    cuda::ScopedDevice scope(*device);
    return [memory = device->memory()](Napi::Env env) -> Napi::Value {
      Napi::Object object = Napi::Object::New(env);
      object.Set("free", static_cast<double>(memory.free_bytes));
      object.Set("total", static_cast<double>(memory.total_bytes));
      return object;
    };
  };
  return RunInBackground(info.Env(), std::move(work));
}

}  // namespace

void RegisterDevice(Napi::Env env, Napi::Object exports, Classes* classes) {
  classes->device_tensor = Napi::Persistent(DeviceTensorWrap::Define(env));
  exports.Set("uploadTensor", Napi::Function::New(env, UploadTensor, "uploadTensor", classes));
  exports.Set("deviceMemory", Napi::Function::New(env, DeviceMemory, "deviceMemory"));
}

}  // namespace trtn
