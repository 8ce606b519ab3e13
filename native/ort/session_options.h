// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ort/executable.h"
#include "ort/model.h"

namespace trtn::ort {

/// ONNX Runtime's options for a model. Throws as LoadModel() does for its settings.
Handle<SessionOptions> MakeSessionOptions(const Runtime& runtime, const ModelOptions& wanted);

}  // namespace trtn::ort
