// SPDX-License-Identifier: Apache-2.0
//
// From the arguments of a JavaScript call to the tensors of a native one. TypeScript has checked them and
// says more about what is wrong; here every access is kept inside the memory that was given.
#pragma once

#include <napi.h>

#include <cstdint>
#include <string>
#include <vector>

#include "addon/device_tensor_wrap.h"
#include "addon/session_calls.h"
#include "addon/session_state.h"

namespace trtn {

/// The first argument.
uint64_t TicketOf(const Napi::CallbackInfo& info);

/// NativeDims: the given ones where there are any, else the model's.
std::vector<std::vector<int64_t>> InputDims(const std::vector<TensorInfo>& infos, Napi::Value given);

/// The device tensor as an input of the session. Throws ERR_TRT_RUN_DEVICE_TENSOR if it is closed or
/// elsewhere, ERR_TRT_RUN_INPUT_SIZE if it has another size than `dims` say.
TensorView DeviceInput(const SessionState& state, const TensorInfo& info, std::vector<int64_t> dims,
                       const DeviceTensor& tensor);

/// Throws ERR_TRT_RUN_UNSUPPORTED on the CPU.
void RequireDeviceOutputs(const SessionState& state, const TensorInfo& info);

/// `inputs` of the call, which still are the caller's arrays or device tensors. `arrays` is a list of
/// NativeInput.
void ReadInputs(const SessionState& state, RunCall& call, Napi::Array arrays, Napi::Value dims);
/// `outputs` of the call, of a list of NativeTarget.
void ReadTargets(const SessionState& state, RunCall& call, Napi::Array targets);

/// Copies the inputs in host memory, so that later writes, a detached or a collected array do no harm, and
/// the device can read them without a copy of the driver. Throws ERR_TRT_RUN_CLOSED and what
/// HostPool::Acquire() throws.
void StageInputs(const SessionState& state, RunCall& call);

}  // namespace trtn
