// SPDX-License-Identifier: Apache-2.0
#include "addon/result_maker.h"

#include <utility>

#include "addon/array_buffers.h"
#include "addon/convert.h"

namespace trtn {

Napi::ArrayBuffer ResultMaker::MakeBuffer(Napi::Env env, OwnedOutput output) {
  return OutputBuffer(env, std::move(output), allow_external, copied_bytes);
}

Napi::Value ResultMaker::MakeOutput(Napi::Env env, OwnedOutput output) {
  if (output.view.place == MemoryPlace::kDevice) {
    std::shared_ptr<void> memory(std::move(output.owner), output.view.data);
    return MakeDeviceTensor(env, output.view, std::move(memory));
  }
  Napi::Array entry = Napi::Array::New(env, 2);
  entry.Set(1u, ToJsDims(env, output.view.dims));
  entry.Set(0u, MakeBuffer(env, std::move(output)));
  return entry;
}

Napi::Object ResultMaker::MakeDeviceTensor(Napi::Env env, const TensorView& view,
                                           std::shared_ptr<void> memory) {
  return DeviceTensorWrap::Make(
      env, classes->device_tensor,
      {device.value_or(DeviceAddress{}), view.type, view.dims, view.bytes, std::move(memory)},
      allow_external);
}

}  // namespace trtn
