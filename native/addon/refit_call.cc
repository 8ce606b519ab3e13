// SPDX-License-Identifier: Apache-2.0
#include "addon/refit_call.h"

#include "addon/convert.h"
#include "core/error.h"

namespace trtn {

RefitModel ReadRefitModel(Napi::Object object) {
  RefitModel model;
  if (const auto bytes = OptionalBytes(object, "modelBytes")) {
    model.bytes.assign(bytes->data, bytes->data + bytes->bytes);
    if (model.bytes.empty()) throw Error("ERR_TRT_RUN_MODEL", "The model has no bytes.");
  } else {
    model.path = RequiredString(object, "modelPath");
  }
  return model;
}

void RefitCall::Execute(ExecutionContext&) {
  const std::shared_ptr<Executable> executable = RequireExecutable(state_.lock());
  RefitRequest request;
  request.model_path = model_.path;
  if (!model_.bytes.empty()) {
    request.model_data = model_.bytes.data();
    request.model_bytes = model_.bytes.size();
  }
  RequireControl(*executable, "Refitting").Refit(request);
}

}  // namespace trtn
