// SPDX-License-Identifier: Apache-2.0
// What enqueueV3() does: checks, then one kernel a layer in the order of the plan; layers that need nothing
// but inputs go to auxiliary streams, if the plan has some, between a fork and a join.
#include <algorithm>
#include <exception>

#include "context_state.h"
#include "inference.h"

namespace standin {

namespace {

[[noreturn]] void CheckFailed(const std::string& condition, const std::string& text) {
  throw EnqueueFailure{nv::ErrorCode::kINVALID_ARGUMENT, "API Usage Error",
                       "Parameter check failed, condition: " + condition + ". " + text};
}

void CheckCuda(int result) {
  if (result == 0) return;
  throw EnqueueFailure{nv::ErrorCode::kUNSPECIFIED_ERROR, "Cuda Runtime", CudaText(result)};
}

class Enqueuer {
 public:
  Enqueuer(ContextState* state, cudaStream_t stream) : state_(*state), plan_(*state->plan), stream_(stream) {}

  void Run() {
    CheckReady();
    CheckCapture();
    CompileKernels();
    Prepare();
    LaunchAll();
    state_.shapes_changed = false;
    Profile();
  }

 private:
  void CheckReady() {
    for (size_t i = 0; i < plan_.io_count; ++i) {
      const TensorSpec& tensor = plan_.tensors[i];
      if (tensor.role == TensorSpec::Role::kInput)
        CheckInput(static_cast<int>(i), tensor);
      else if (!state_.addresses[i] && !state_.allocators[i]) {
        CheckFailed(
            "mContext.profileObliviousBindings.at(profileObliviousIndex) || "
            "getPtrOrNull(mOutputAllocators, profileObliviousIndex)",
            "Neither address or allocator is set for output tensor " + tensor.name +
                ". Call setOutputTensorAddress, setTensorAddress or setOutputAllocator before "
                "enqueue/execute.");
      }
    }
    int64_t needed = state_.engine->MemoryForProfile(state_.profile);
    bool is_given = state_.settings.allocation == nv::ExecutionContextAllocationStrategy::kUSER_MANAGED;
    // Less is enough for shapes below the largest; the kernels check what they are given.
    if (needed > 0 && is_given && !state_.memory) {
      CheckFailed("mContext.deviceMemory != nullptr",
                  "Device memory of " + std::to_string(needed) +
                      " bytes is needed. Call setDeviceMemoryV2 before enqueue/execute.");
    }
    if (needed > 0 && !is_given && !state_.memory) CheckFailed("mContext.deviceMemory != nullptr", "");
  }

  void CheckInput(int index, const TensorSpec& tensor) {
    if (!state_.input_shapes[index]) {
      CheckFailed("allInputDimensionsSpecified()", "Input dimensions of tensor " + tensor.name +
                                                       " are not set. Call setInputShape before "
                                                       "enqueue/execute.");
    }
    bool is_empty = ElementCount(*state_.input_shapes[index]) == 0;
    if (!state_.addresses[index] && !is_empty) {
      CheckFailed("mContext.profileObliviousBindings.at(profileObliviousIndex) != nullptr",
                  "Address is not set for input tensor " + tensor.name +
                      ". Call setInputTensorAddress or setTensorAddress before enqueue/execute.");
    }
    const ProfileRange& range = plan_.profiles[state_.profile].at(tensor.name);
    if (!tensor.is_on_host || range.max_values.empty()) return;
    Shape values = ReadShapeValues(state_, index).value_or(Shape{});
    for (size_t i = 0; i < values.size() && i < range.max_values.size(); ++i) {
      if (range.min_values[i] <= values[i] && values[i] <= range.max_values[i]) continue;
      CheckFailed("satisfyProfile", "Shape tensor values " + ShapeText(values) + " of " + tensor.name +
                                        " do not satisfy optimization profile " +
                                        std::to_string(state_.profile) +
                                        ". Valid range: " + ShapeText(range.min_values) + ".." +
                                        ShapeText(range.max_values) + ".");
    }
  }

  // Whatever waits for the device cannot be captured: the wait fails and breaks the capture.
  void CheckCapture() {
    bool profiles = state_.profiler && state_.enqueue_emits_profile;
    if (!state_.shapes_changed && plan_.is_capturable && !plan_.HasDataDependentOutput() && !profiles) return;
    int status = 0;
    CheckCuda(cuStreamIsCapturing(stream_, &status));
    if (status == 0) return;
    int result = cuStreamSynchronize(stream_);
    CheckCuda(result ? result : 900);
  }

  void CompileKernels() {
#if STANDIN_IS_RTX
    if (!plan_.IsDynamic()) return;
    if (state_.settings.specialisation == nv::DynamicShapesKernelSpecializationStrategy::kNONE) return;
    std::string key = plan_.name;
    for (size_t i = 0; i < plan_.io_count; ++i) {
      if (state_.input_shapes[i]) key += " " + ShapeText(*state_.input_shapes[i]);
    }
    state_.settings.kernels->Compile(key);
#endif
  }

  void Prepare() {
    inference_ = std::make_shared<Inference>();
    inference_->plan = state_.plan;
    inference_->memory = state_.memory;
    inference_->memory_bytes = state_.memory_bytes;
    inference_->operands.resize(plan_.tensors.size());
    inference_->inside.resize(plan_.tensors.size());
    std::vector<Shape> shapes = InferAllShapes(state_);
    for (size_t i = 0; i < shapes.size(); ++i) {
      inference_->operands[i] = {state_.addresses[i], std::move(shapes[i]), plan_.tensors[i].type};
    }
    for (const Layer& layer : plan_.layers) {
      inference_->weights.push_back(state_.engine->WeightsOf(layer.weight));
    }
    for (size_t i = 0; i < plan_.layers.size(); ++i) {
      bool is_aux = plan_.aux_streams > 0 && i > 0 && IsIndependent(static_cast<int>(i));
      (is_aux ? aux_layers_ : main_layers_).push_back(static_cast<int>(i));
    }
    if (!main_layers_.empty()) {
      inference_->first_layer = main_layers_.front();
      inference_->last_layer = main_layers_.back();
    }
  }

  bool IsInput(int tensor) const { return plan_.tensors[tensor].role == TensorSpec::Role::kInput; }

  bool ReadsInput(int layer) const {
    const std::vector<int>& inputs = plan_.layers[layer].inputs;
    return std::any_of(inputs.begin(), inputs.end(), [&](int tensor) { return IsInput(tensor); });
  }

  bool IsIndependent(int layer) const {
    const std::vector<int>& inputs = plan_.layers[layer].inputs;
    return std::all_of(inputs.begin(), inputs.end(), [&](int tensor) { return IsInput(tensor); });
  }

  void LaunchAll() {
    size_t forked = aux_layers_.empty() ? 0 : Fork();
    bool is_consumed = false;
    for (size_t i = 0; i < main_layers_.size(); ++i) {
      LaunchOne(main_layers_[i], stream_);
      if (i == 0) Join(forked);
      // The inputs may be overwritten when the last layer that reads one has run.
      if (!is_consumed && state_.input_consumed && main_layers_[i] >= LastMainReader()) {
        CheckCuda(cuEventRecord(state_.input_consumed, stream_));
        is_consumed = true;
      }
    }
  }

  int LastMainReader() const {
    int last = 0;
    for (int layer : main_layers_) {
      if (ReadsInput(layer)) last = layer;
    }
    return last;
  }

  cudaStream_t AuxStream(size_t index) {
    if (index < state_.given_aux_streams.size()) return state_.given_aux_streams[index];
    // Those that were not given are the context's own.
    size_t own = index - state_.given_aux_streams.size();
    while (state_.own_aux_streams.size() <= own) {
      cudaStream_t made = nullptr;
      CheckCuda(cuStreamCreateWithPriority(&made, 1, 0));
      state_.own_aux_streams.push_back(made);
    }
    return state_.own_aux_streams[own];
  }

  size_t Fork() {
    size_t used = std::min(aux_layers_.size(), static_cast<size_t>(plan_.aux_streams));
    CheckCuda(cuEventRecord(state_.fork_event, stream_));
    for (size_t i = 0; i < used; ++i) CheckCuda(cuStreamWaitEvent(AuxStream(i), state_.fork_event, 0));
    for (size_t i = 0; i < aux_layers_.size(); ++i) LaunchOne(aux_layers_[i], AuxStream(i % used));
    return used;
  }

  void Join(size_t forked) {
    for (size_t i = 0; i < forked; ++i) {
      CheckCuda(cuEventRecord(state_.join_events[i], AuxStream(i)));
      CheckCuda(cuStreamWaitEvent(stream_, state_.join_events[i], 0));
    }
  }

  void LaunchOne(int index, cudaStream_t stream) {
    const Layer& layer = plan_.layers[index];
    if (layer.function == "nonzero") {
      CheckCuda(LaunchCount(inference_, index, stream));
      CheckCuda(cuStreamSynchronize(stream));
      inference_->operands[layer.outputs[0]].dims[1] = inference_->nonzero_count;
    }
    for (int tensor : layer.outputs) PlaceOutput(tensor, stream);
    CheckCuda(LaunchLayer(inference_, index, stream));
    for (int tensor : layer.outputs) TellListener(tensor, stream);
  }

  void PlaceOutput(int tensor, cudaStream_t stream) {
    const TensorSpec& spec = plan_.tensors[tensor];
    Operand& operand = inference_->operands[tensor];
    int64_t bytes = std::max<int64_t>(ByteCount(operand.dims, operand.type), 1);
    if (spec.role == TensorSpec::Role::kOutput) {
      if (state_.allocators[tensor]) Reallocate(tensor, bytes, stream);
    } else if (spec.is_debug && state_.debug_on.count(tensor)) {
      operand.data = DebugBuffer(tensor, bytes);
    } else {
      inference_->inside[tensor] = std::make_shared<std::vector<char>>(static_cast<size_t>(bytes));
      operand.data = inference_->inside[tensor]->data();
    }
  }

  void Reallocate(int tensor, int64_t bytes, cudaStream_t stream) {
    const std::string& name = plan_.tensors[tensor].name;
    Operand& operand = inference_->operands[tensor];
    void* memory = nullptr;
    try {
      memory = state_.allocators[tensor]->reallocateOutputAsync(name.c_str(), state_.addresses[tensor],
                                                                static_cast<uint64_t>(bytes), 256, stream);
    } catch (const std::exception&) {
      trtn_standin_violation("IOutputAllocator::reallocateOutputAsync threw through TensorRT");
    }
    if (!memory) {
      throw EnqueueFailure{nv::ErrorCode::kFAILED_ALLOCATION, "Internal Error",
                           "IOutputAllocator::reallocateOutput returned nullptr for output tensor " + name +
                               " of " + std::to_string(bytes) + " bytes"};
    }
    operand.data = memory;
    state_.allocators[tensor]->notifyShape(name.c_str(), ToDims(operand.dims));
  }

  void* DebugBuffer(int tensor, int64_t bytes) {
    ContextState::Buffer& buffer = state_.debug_buffers[tensor];
    if (buffer.bytes >= bytes) return buffer.address;
    if (buffer.address) {
      CheckCuda(cuStreamSynchronize(stream_));
      cuMemFree_v2(reinterpret_cast<unsigned long long>(buffer.address));
    }
    buffer = {};
    int result = 0;
    buffer.address = AllocateDevice(bytes, &result);
    CheckCuda(result);
    buffer.bytes = bytes;
    return buffer.address;
  }

  void TellListener(int tensor, cudaStream_t stream) {
    if (!state_.debug_listener || !state_.debug_on.count(tensor)) return;
    const Operand& operand = inference_->operands[tensor];
    const std::string& name = plan_.tensors[tensor].name;
    const int64_t bytes = ByteCount(operand.dims, operand.type);
    int result = 0;
    void* shown = AllocateDevice(std::max<int64_t>(bytes, 1), &result);
    CheckCuda(result);
    const auto address = reinterpret_cast<unsigned long long>(shown);
    if (bytes > 0) {
      result = cuMemcpyDtoDAsync_v2(address, reinterpret_cast<unsigned long long>(operand.data),
                                    static_cast<size_t>(bytes), stream);
    }
    if (result == 0) result = cuStreamSynchronize(stream);
    const bool is_accepted = result == 0 && state_.debug_listener->processDebugTensor(
                                                shown, nv::TensorLocation::kDEVICE, operand.type,
                                                ToDims(operand.dims), name.c_str(), stream);
    // Valid during the call only: a copy that is still in flight finds the memory gone. A listener that says
    // no may have been unable to wait.
    if (!is_accepted) cuStreamSynchronize(stream);
    cuMemFree_v2(address);
    CheckCuda(result);
    if (is_accepted) return;
    throw EnqueueFailure{nv::ErrorCode::kFAILED_EXECUTION, "Internal Error",
                         "IDebugListener::processDebugTensor returned false for tensor " + name};
  }

  void Profile() {
    state_.has_unreported_profile = false;
    if (!state_.profiler) return;
    if (!state_.enqueue_emits_profile) {
      state_.has_unreported_profile = true;
      return;
    }
    CheckCuda(cuStreamSynchronize(stream_));
    ReportLayerTimes(state_);
  }

  ContextState& state_;
  const Plan& plan_;
  const cudaStream_t stream_;
  std::shared_ptr<Inference> inference_;
  std::vector<int> main_layers_, aux_layers_;
};

}  // namespace

void EnqueueNetwork(ContextState* state, cudaStream_t stream) { Enqueuer(state, stream).Run(); }

}  // namespace standin
