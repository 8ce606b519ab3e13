// SPDX-License-Identifier: Apache-2.0
#include "gpu/lane.h"

#include <algorithm>
#include <new>

#include "core/error.h"
#include "cuda/pinned_memory.h"
#include "gpu/views.h"

namespace trtn::gpu {

namespace {

constexpr cuda::Result kNotReady = 600;  // CUDA_ERROR_NOT_READY

std::string Quoted(const trt::PlanTensor& tensor) {
  return std::string(tensor.is_input ? "the input '" : "the output '") + tensor.info.name + "'";
}

std::vector<cuda::Stream> MakeAuxStreams(Model& model) {
  std::vector<cuda::Stream> streams;
  const int count = model.settings.use_aux_streams ? model.engine->aux_streams() : 0;
  for (int i = 0; i < count; ++i) streams.emplace_back(model.device, model.settings.priority);
  return streams;
}

std::unique_ptr<StageTimer> MakeStageTimer(Model& model, cuda::Stream& stream) {
  const std::shared_ptr<StageLog>& log = model.settings.stage_log;
  return log == nullptr ? nullptr : std::make_unique<StageTimer>(log, model.device, stream);
}

}  // namespace

Lane::Lane(Model& model)
    : model_(model),
      stream_(model.device, model.settings.priority),
      aux_streams_(MakeAuxStreams(model)),
      done_(model.device,
            model.settings.spin_wait ? cuda::Event::Kind::kSpinning : cuda::Event::Kind::kBlocking),
      stages_(MakeStageTimer(model, stream_)),
      buffers_(model.engine->tensors().size()),
      growing_(model.outputs.size()),
      plan_(model.engine->CreateContext(model.settings.context)),
      shapes_(model, *plan_),
      graphs_(model, *plan_, stream_),
      addresses_(model.engine->tensors().size(), nullptr),
      mapped_(model.engine->tensors().size()),
      has_output_memory_(model.outputs.size(), false) {
  if (aux_streams_.empty()) return;
  std::vector<cuda::StreamHandle> handles;
  for (const cuda::Stream& stream : aux_streams_) handles.push_back(stream.get());
  plan_->SetAuxStreams(handles);
}

Lane::~Lane() {
  Drain();
  graphs_.Clear();
  for (const cuda::DeviceMemory& memory : buffers_) model_.counters.device_bytes -= memory.bytes();
}

void Lane::Begin(Measure measure) {
  model_.device->ThrowIfPoisoned();
  model_.device->Activate();
  if (stages_ == nullptr) return;
  if (measure == Measure::kStages) {
    stages_->Begin();
  } else {
    stages_->Skip();
  }
}

void Lane::SetInputs(const std::vector<TensorView>& inputs) {
  if (!shapes_.Update(inputs, stream_.get())) return;
  graphs_.NoteChange();
  is_scratch_stale_ = true;
  if (shapes_.host_moves() != host_moves_) {
    host_moves_ = shapes_.host_moves();
    graphs_.Clear();
  }
  if (shapes_.profile_changes() != profile_changes_) {
    profile_changes_ = shapes_.profile_changes();
    // The context may have moved its activation memory, which the graphs use.
    if (model_.settings.context.memory == trt::ContextMemory::kOnProfileChange) graphs_.Clear();
  }
  UseOutputMemories();
}

void Lane::UseOutputMemories() {
  for (size_t i = 0; i < growing_.size(); ++i) {
    const bool is_wanted = shapes_.outputs()[i].is_data_dependent;
    if (is_wanted == has_output_memory_[i]) continue;
    if (is_wanted && growing_[i] == nullptr) {
      growing_[i] = std::make_unique<GrowingOutput>(model_, stream_.get(), Quoted(model_.output(i)));
    }
    plan_->SetOutputMemory(model_.output_tensors[i], is_wanted ? growing_[i].get() : nullptr);
    has_output_memory_[i] = is_wanted;
  }
}

cuda::DevicePointer Lane::Buffer(size_t tensor, size_t bytes) {
  cuda::DeviceMemory& memory = buffers_[tensor];
  if (memory && memory.bytes() >= bytes) return memory.get();
  graphs_.Clear();
  addresses_[tensor] = nullptr;
  // Freed before the larger one is made: the two together may be more than the device has.
  model_.counters.device_bytes -= memory.bytes();
  memory = cuda::DeviceMemory();
  memory = cuda::DeviceMemory(model_.device, bytes, stream_.get(), Quoted(model_.engine->tensors()[tensor]));
  model_.counters.device_bytes += memory.bytes();
  return memory.get();
}

void* Lane::Mapped(size_t tensor, void* host) {
  MappedPair& pair = mapped_[tensor];
  if (pair.host == host && host != nullptr) return pair.device;
  pair.host = nullptr;
  pair.device = reinterpret_cast<void*>(cuda::MappedAddress(*model_.device, host));
  pair.host = host;
  return pair.device;
}

void Lane::SetAddress(size_t tensor, void* address) {
  if (addresses_[tensor] == address) return;
  addresses_[tensor] = nullptr;
  plan_->SetAddress(tensor, address);
  addresses_[tensor] = address;
}

cuda::DevicePointer Lane::PlaceInput(size_t input, const TensorView& view) {
  CheckSize(model_.inputs[input], view);
  // Shapes keeps the values of shape tensors.
  if (model_.input(input).is_on_host) return 0;
  const size_t which = model_.input_tensors[input];
  if (view.data != nullptr && IsOnDevice(view)) {
    SetAddress(which, view.data);
    return 0;
  }
  if (view.data != nullptr && model_.uses_mapped_memory) {
    SetAddress(which, Mapped(which, view.data));
    return 0;
  }
  return UseBuffer(which, view.bytes);
}

cuda::DevicePointer Lane::PlaceOutput(size_t output, void* host, size_t bytes) {
  const size_t which = model_.output_tensors[output];
  if (!model_.uses_mapped_memory) return UseBuffer(which, bytes);
  SetAddress(which, Mapped(which, host));
  return 0;
}

cuda::DevicePointer Lane::UseBuffer(size_t tensor, size_t bytes) {
  const cuda::DevicePointer device = Buffer(tensor, bytes);
  SetAddress(tensor, reinterpret_cast<void*>(device));
  return device;
}

void Lane::Submit(const std::function<void()>& enqueue, const Submission& submission) {
  for (size_t i = 0; i < growing_.size(); ++i)
    if (has_output_memory_[i]) growing_[i]->Begin();
  LeaseScratch();
  const char* obstacle = submission.obstacle;
  if (shapes_.has_data_dependent_outputs()) obstacle = "the size of an output depends on the data";
  // What a graph would have written there is copied out of it after each run; nothing tells whether a launch
  // writes it again.
  if (shapes_.has_host_outputs_of_runs()) obstacle = "an output lies in host memory";
  const std::string* key = &shapes_.key();
  if (scratch_id_ != 0) {
    // An address that may be another in the next run is part of what is captured.
    key_ = shapes_.key() + ";" + std::to_string(scratch_id_);
    key = &key_;
  }
  GraphRunner::Work work{enqueue, *key, shapes_.text()};
  work.obstacle = obstacle;
  work.is_exempt = submission.is_exempt;
  if (stages_ != nullptr) stages_->EnterQueue();
  graphs_.Submit(work);
  if (stages_ != nullptr) stages_->LeaveQueue();
}

void Lane::LeaseScratch() {
  if (shapes_.scratch_bytes() <= 0) return;
  scratch_ = model_.scratch->Acquire(shapes_.scratch_bytes(), scratch_id_);
  if (scratch_.id() == scratch_id_ && !is_scratch_stale_) return;
  scratch_id_ = 0;
  plan_->SetDeviceMemory(scratch_.address(), scratch_.bytes());
  scratch_id_ = scratch_.id();
  is_scratch_stale_ = false;
}

void Lane::Network() {
  Mark(StageMark::kComputeStart);
  try {
    plan_->Enqueue(stream_.get());
  } catch (...) {
    // TensorRT tells only that it got no memory, not why.
    for (size_t i = 0; i < growing_.size(); ++i)
      if (has_output_memory_[i]) growing_[i]->ThrowIfFailed();
    throw;
  }
  Mark(StageMark::kComputeEnd);
}

void Lane::Wait() {
  done_.Record(stream_.get());
  done_.Synchronize();
  scratch_.Release();
}

void Lane::Drain() noexcept {
  const cuda::ScopedDevice scope(*model_.device, std::nothrow);
  const auto drain = [this](cuda::Stream& stream) {
    stream.SynchronizeNoThrow();
    // A synchronisation that failed for its own reasons has not waited.
    for (int i = 0; i < 100 && !model_.device->is_poisoned(); ++i) {
      if (model_.device->api().cuStreamQuery(stream.get()) != kNotReady) return;
      stream.SynchronizeNoThrow();
    }
  };
  drain(stream_);
  for (cuda::Stream& stream : aux_streams_) drain(stream);
}

void Lane::Forget() noexcept {
  shapes_.Forget();
  std::fill(addresses_.begin(), addresses_.end(), nullptr);
  for (MappedPair& pair : mapped_) pair = MappedPair();
  scratch_id_ = 0;
  graphs_.NoteChange();
}

void Lane::Fail(const char* call) {
  Drain();
  model_.device->Examine(stream_.get(), call);
  scratch_.Release();
  Forget();
  if (!model_.device->is_poisoned()) throw;
  try {
    throw;
  } catch (const Error& error) {
    // What the driver said itself is told already; TensorRT's words hide it.
    if (error.code().rfind("ERR_TRT_CUDA_", 0) == 0) throw;
    Error lost("ERR_TRT_CUDA_DEVICE_LOST", model_.device->poison_cause() + " " + error.what(), error.where(),
               error.log());
    lost.details = error.details;
    throw lost;
  }
}

}  // namespace trtn::gpu
