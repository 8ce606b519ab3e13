// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/executable.h"
#include "ort/model.h"

namespace trtn::ort {

/// ONNX Runtime's tensor of packed strings (core/packed_strings.h); copies them. Throws
/// ERR_TRT_RUN_INPUT_SIZE, ERR_TRT_RUN_FAILED.
ValueHandle MakeStringTensor(const Model& model, const TensorView& view);

/// Replaces ONNX Runtime's string tensor, which `output` owns, by its packed strings; type and dims are set
/// already. Throws ERR_TRT_RUN_FAILED.
void PackStringTensor(const Model& model, OwnedOutput& output);

}  // namespace trtn::ort
