// SPDX-License-Identifier: Apache-2.0
// Shapes, addresses and settings of an execution context.
#include <algorithm>
#include <stdexcept>

#include "context.h"

namespace standin {

namespace {

nv::Dims InvalidDims() {
  nv::Dims dims{};
  dims.nbDims = -1;
  return dims;
}

}  // namespace

int Context::IoIndex(const char* entry, const char* name) const {
  int index = name ? state_.plan->FindIo(name) : -1;
  if (index < 0) {
    UsageError(entry, std::string("Given invalid tensor name: ") + (name ? name : "(null)") +
                          ". Get valid tensor names with getIOTensorName()");
  }
  return index;
}

bool Context::CheckInputShape(const char* entry, const TensorSpec& tensor, const Shape& shape) const {
  if (tensor.role != TensorSpec::Role::kInput) {
    UsageError(entry, "Tensor " + tensor.name + " is not an input.");
    return false;
  }
  if (shape.size() != tensor.dims.size()) {
    ParameterError(entry, "engineDims.nbDims == dims.nbDims",
                   "Tensor " + tensor.name + " has " + std::to_string(tensor.dims.size()) +
                       " dimensions but " + std::to_string(shape.size()) + " were given.");
    return false;
  }
  for (size_t i = 0; i < shape.size(); ++i) {
    if (tensor.dims[i] < 0 || tensor.dims[i] == shape[i]) continue;
    ParameterError(entry, "engineDims.d[i] == dims.d[i]",
                   "Static dimension mismatch while setting input shape for " + tensor.name +
                       ". Set dimensions are " + ShapeText(shape) + ". Expected dimensions are " +
                       ShapeText(tensor.dims) + ".");
    return false;
  }
  std::string problem = ProfileProblem(*state_.plan, state_.profile, tensor.name, shape);
  if (!problem.empty()) ParameterError(entry, "satisfyProfile", problem);
  return problem.empty();
}

bool Context::setInputShape(char const* name, nv::Dims const& dims) noexcept {
  constexpr char kEntry[] = "IExecutionContext::setInputShape";
  Use use(*this, kEntry);
  if (Enter(kEntry)) return false;
  int index = IoIndex(kEntry, name);
  Shape shape = FromDims(dims);
  if (index < 0 || !CheckInputShape(kEntry, state_.plan->tensors[index], shape)) return false;
  if (state_.input_shapes[index] == shape) return true;
  state_.input_shapes[index] = shape;
  state_.shapes_changed = true;
  return true;
}

bool Context::allInputDimensionsSpecified() const noexcept {
  for (size_t i = 0; i < state_.plan->io_count; ++i) {
    if (state_.plan->tensors[i].role == TensorSpec::Role::kInput && !state_.input_shapes[i]) return false;
  }
  return true;
}

nv::Dims Context::getTensorShape(char const* name) const noexcept {
  constexpr char kEntry[] = "IExecutionContext::getTensorShape";
  Use use(*this, kEntry);
  if (Enter(kEntry)) return InvalidDims();
  int index = IoIndex(kEntry, name);
  if (index < 0) return InvalidDims();
  try {
    return ToDims(InferAllShapes(state_)[index]);
  } catch (const std::runtime_error& error) {
    Fail(kEntry, nv::ErrorCode::kFAILED_EXECUTION, "Internal Error", error.what());
    return InvalidDims();
  }
}

nv::Dims Context::getTensorStrides(char const* name) const noexcept {
  nv::Dims dims = getTensorShape(name);
  int64_t stride = 1;
  for (int32_t i = dims.nbDims; i-- > 0;) {
    int64_t dim = dims.d[i];
    dims.d[i] = stride;
    stride = stride < 0 || dim < 0 ? -1 : stride * dim;
  }
  return dims;
}

int32_t Context::inferShapes(int32_t max_names, char const** names) noexcept {
  constexpr char kEntry[] = "IExecutionContext::inferShapes";
  Use use(*this, kEntry);
  if (Enter(kEntry) || max_names < 0 || (!names && max_names != 0)) return -1;
  int32_t missing = 0;
  for (size_t i = 0; i < state_.plan->io_count; ++i) {
    const TensorSpec& tensor = state_.plan->tensors[i];
    if (tensor.role != TensorSpec::Role::kInput) continue;
    bool is_known = state_.input_shapes[i] && (!tensor.is_on_host || state_.addresses[i]);
    if (is_known) continue;
    if (missing < max_names) names[missing] = tensor.name.c_str();
    ++missing;
  }
  if (missing > 0) return missing;
  try {
    WriteShapeOutputs(state_, InferAllShapes(state_));
    return 0;
  } catch (const std::runtime_error& error) {
    Fail(kEntry, nv::ErrorCode::kFAILED_EXECUTION, "Internal Error", error.what());
    return -1;
  }
}

bool Context::SetAddress(const char* entry, const char* name, void* data) {
  Use use(*this, entry);
  if (Enter(entry)) return false;
  int index = IoIndex(entry, name);
  if (index < 0) return false;
  if (reinterpret_cast<uintptr_t>(data) % 256 != 0) {
    // What the documentation asks for, of host memory too; the real one warns, or computes wrongly.
    trtn_standin_violation(
        (std::string(entry) + ": the address of " + name + " is not aligned to 256").c_str());
  }
  state_.addresses[index] = data;
  return true;
}

bool Context::setTensorAddress(char const* name, void* data) noexcept {
  return SetAddress("IExecutionContext::setTensorAddress", name, data);
}

bool Context::setInputTensorAddress(char const* name, void const* data) noexcept {
  return SetAddress("IExecutionContext::setInputTensorAddress", name, const_cast<void*>(data));
}

bool Context::setOutputTensorAddress(char const* name, void* data) noexcept {
  return SetAddress("IExecutionContext::setOutputTensorAddress", name, data);
}

void const* Context::getTensorAddress(char const* name) const noexcept {
  int index = IoIndex("IExecutionContext::getTensorAddress", name);
  return index < 0 ? nullptr : state_.addresses[index];
}

void* Context::getOutputTensorAddress(char const* name) const noexcept {
  int index = IoIndex("IExecutionContext::getOutputTensorAddress", name);
  return index < 0 ? nullptr : state_.addresses[index];
}

bool Context::setOutputAllocator(char const* name, nv::IOutputAllocator* allocator) noexcept {
  constexpr char kEntry[] = "IExecutionContext::setOutputAllocator";
  Use use(*this, kEntry);
  if (Enter(kEntry)) return false;
  int index = IoIndex(kEntry, name);
  if (index < 0) return false;
  state_.allocators[index] = allocator;
  return true;
}

nv::IOutputAllocator* Context::getOutputAllocator(char const* name) noexcept {
  int index = IoIndex("IExecutionContext::getOutputAllocator", name);
  return index < 0 ? nullptr : state_.allocators[index];
}

int64_t Context::getMaxOutputSize(char const* name) const noexcept {
  constexpr char kEntry[] = "IExecutionContext::getMaxOutputSize";
  Use use(*this, kEntry);
  if (Enter(kEntry)) return -1;
  int index = IoIndex(kEntry, name);
  try {
    return index < 0 ? -1 : MaxBytes(state_, index);
  } catch (const std::runtime_error&) {
    return -1;
  }
}

bool Context::setInputConsumedEvent(cudaEvent_t event) noexcept {
  constexpr char kEntry[] = "IExecutionContext::setInputConsumedEvent";
  Use use(*this, kEntry);
  if (Enter(kEntry)) return false;
  state_.input_consumed = event;
  return true;
}

void Context::setAuxStreams(cudaStream_t* streams, int32_t count) noexcept {
  constexpr char kEntry[] = "IExecutionContext::setAuxStreams";
  Use use(*this, kEntry);
  if (Enter(kEntry)) return;
  state_.given_aux_streams.assign(streams, streams + std::max(count, 0));
}

void Context::setPersistentCacheLimit(size_t size) noexcept {
  constexpr char kEntry[] = "IExecutionContext::setPersistentCacheLimit";
  Use use(*this, kEntry);
  if (!Enter(kEntry)) persistent_cache_ = size;
}

bool Context::setNvtxVerbosity(nv::ProfilingVerbosity verbosity) noexcept {
  nvtx_ = verbosity;
  return !Enter("IExecutionContext::setNvtxVerbosity");
}

void Context::setProfiler(nv::IProfiler* profiler) noexcept {
  constexpr char kEntry[] = "IExecutionContext::setProfiler";
  Use use(*this, kEntry);
  if (!Enter(kEntry)) state_.profiler = profiler;
}

void Context::setEnqueueEmitsProfile(bool emits) noexcept {
  constexpr char kEntry[] = "IExecutionContext::setEnqueueEmitsProfile";
  Use use(*this, kEntry);
  if (!Enter(kEntry)) state_.enqueue_emits_profile = emits;
}

bool Context::reportToProfiler() const noexcept {
  constexpr char kEntry[] = "IExecutionContext::reportToProfiler";
  Use use(*this, kEntry);
  if (Enter(kEntry)) return false;
  if (!state_.profiler || !state_.has_unreported_profile) {
    UsageError(kEntry, "A profiler and an inference with setEnqueueEmitsProfile(false) are needed.");
    return false;
  }
  ReportLayerTimes(state_);
  return true;
}

bool Context::setDebugListener(nv::IDebugListener* listener) noexcept {
  constexpr char kEntry[] = "IExecutionContext::setDebugListener";
  Use use(*this, kEntry);
  if (Enter(kEntry)) return false;
  state_.debug_listener = listener;
  return true;
}

bool Context::setTensorDebugState(char const* name, bool flag) noexcept {
  constexpr char kEntry[] = "IExecutionContext::setTensorDebugState";
  Use use(*this, kEntry);
  if (Enter(kEntry)) return false;
  int index = name ? state_.plan->Find(name) : -1;
  if (index < 0 || !state_.plan->tensors[index].is_debug) {
    UsageError(kEntry, std::string("Tensor ") + (name ? name : "(null)") + " is not a debug tensor.");
    return false;
  }
  if (flag)
    state_.debug_on.insert(index);
  else
    state_.debug_on.erase(index);
  return true;
}

bool Context::getDebugState(char const* name) const noexcept {
  return name && state_.debug_on.count(state_.plan->Find(name)) > 0;
}

bool Context::setAllTensorsDebugState(bool flag) noexcept {
  constexpr char kEntry[] = "IExecutionContext::setAllTensorsDebugState";
  Use use(*this, kEntry);
  if (Enter(kEntry)) return false;
  state_.debug_on.clear();
  for (size_t i = 0; flag && i < state_.plan->tensors.size(); ++i) {
    if (state_.plan->tensors[i].is_debug) state_.debug_on.insert(static_cast<int>(i));
  }
  return true;
}

}  // namespace standin
