// SPDX-License-Identifier: Apache-2.0
#include "addon/device_tensor_wrap.h"

#include <utility>

#include "addon/array_buffers.h"
#include "addon/background.h"
#include "addon/convert.h"
#include "addon/device_copy.h"
#include "addon/errors.h"
#include "core/memory.h"

namespace trtn {
namespace {

/// Tells objects of this class from others: their native part is read when they are inputs.
constexpr napi_type_tag kTypeTag = {0x7c1f4b0e6d2a4953, 0x9e35a8d07b61c2f4};

/// A copy in plain memory: page-locked memory would be taken from the sessions.
OwnedOutput Download(const DeviceTensor& tensor) {
  static const std::shared_ptr<HostAllocator> heap = MakeHeapAllocator();
  OwnedOutput host;
  host.owner = std::shared_ptr<void>(heap->Allocate(tensor.bytes), [](void* data) { heap->Free(data); });
  host.view = TensorView{tensor.type, tensor.dims, host.owner.get(), tensor.bytes, MemoryPlace::kHost};
  CopyToHost(OpenDevice(tensor.device), host.view.data, tensor.memory.get(), tensor.bytes);
  return host;
}

}  // namespace

Napi::Function DeviceTensorWrap::Define(Napi::Env env) {
  return DefineClass(env, "NativeDeviceTensor",
                     {InstanceMethod<&DeviceTensorWrap::Download>("download"),
                      InstanceMethod<&DeviceTensorWrap::Close>("close")});
}

Napi::Object DeviceTensorWrap::Make(Napi::Env env, const Napi::FunctionReference& constructor,
                                    DeviceTensor tensor, bool allow_external) {
  Napi::Object object = constructor.New({});
  Unwrap(object)->Fill(env, std::move(tensor), allow_external);
  return object;
}

const DeviceTensor* DeviceTensorWrap::TensorOf(Napi::Value value) {
  if (!value.IsObject()) return nullptr;
  const auto object = value.As<Napi::Object>();
  return object.CheckTypeTag(&kTypeTag) ? &Unwrap(object)->tensor_ : nullptr;
}

void DeviceTensorWrap::Fill(Napi::Env env, DeviceTensor tensor, bool allow_external) {
  tensor_ = std::move(tensor);
  allow_external_ = allow_external;
  counted_bytes_ = static_cast<int64_t>(tensor_.bytes);
  Napi::MemoryManagement::AdjustExternalMemory(env, counted_bytes_);
  Napi::Object self = Value();
  self.TypeTag(&kTypeTag);
  self.Set("type", ElementTypeName(tensor_.type));
  self.Set("dims", ToJsDims(env, tensor_.dims));
  self.Set("bytes", static_cast<double>(tensor_.bytes));
  self.Set("device", tensor_.device.ordinal);
}

void DeviceTensorWrap::Release(Napi::BasicEnv env) {
  tensor_.memory.reset();
  if (counted_bytes_ > 0)
    Napi::MemoryManagement::AdjustExternalMemory(env, -std::exchange(counted_bytes_, 0));
}

Napi::Value DeviceTensorWrap::Download(const Napi::CallbackInfo& info) {
  BackgroundWork work;
  // A copy: its reference keeps the memory until the copy is done, also when the tensor is closed meanwhile.
  work.run = [tensor = tensor_, allow_external = allow_external_]() -> BackgroundWork::Converter {
    if (tensor.memory == nullptr) throw Error("ERR_TRT_RUN_CLOSED", "The device tensor is closed.");
    return [host = trtn::Download(tensor), allow_external](Napi::Env env) -> Napi::Value {
      uint64_t copied_bytes = 0;
      return OutputBuffer(env, host, allow_external, copied_bytes);
    };
  };
  return RunInBackground(info.Env(), std::move(work));
}

}  // namespace trtn
