// SPDX-License-Identifier: Apache-2.0
#include "addon/traced_call.h"

#include <string>

#include "addon/convert.h"
#include "core/utf8.h"

namespace trtn {

Napi::Value TracedCall::Result(Napi::Env env) {
  Napi::Object result = Napi::Object::New(env);
  const Napi::Value made = MakeOutputs(env);
  result.Set("outputs", made.IsEmpty() ? Napi::Array::New(env, outputs.size()) : made);
  Napi::Array layers = Napi::Array::New(env, trace_.layers.size());
  for (uint32_t i = 0; i < trace_.layers.size(); ++i) {
    Napi::Object layer = Napi::Object::New(env);
    layer.Set("layer", ValidUtf8(trace_.layers[i].layer));
    layer.Set("milliseconds", trace_.layers[i].milliseconds);
    layers.Set(i, layer);
  }
  result.Set("layers", layers);
  Napi::Array tensors = Napi::Array::New(env, trace_.debug_tensors.size());
  for (uint32_t i = 0; i < trace_.debug_tensors.size(); ++i)
    tensors.Set(i, DebugTensorToJs(env, trace_.debug_tensors[i]));
  result.Set("debugTensors", tensors);
  return result;
}

Napi::Object TracedCall::DebugTensorToJs(Napi::Env env, DebugTensor& tensor) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("name", ValidUtf8(tensor.name));
  object.Set("type", ElementTypeName(tensor.view.type));
  object.Set("dims", ToJsDims(env, tensor.view.dims));
  object.Set("data", maker().MakeBuffer(env, {std::move(tensor.view), std::move(tensor.owner)}));
  return object;
}

TraceRequest ReadTraceRequest(Napi::Object request) {
  TraceRequest result;
  result.layer_times = OptionalBool(request, "layerTimes");
  if (request.Get("debugTensors").IsBoolean()) {
    result.all_debug_tensors = OptionalBool(request, "debugTensors");
  } else {
    result.debug_tensors = StringList(request, "debugTensors");
  }
  return result;
}

}  // namespace trtn
