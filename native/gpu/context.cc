// SPDX-License-Identifier: Apache-2.0
#include "gpu/context.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <optional>
#include <utility>

#include "core/error.h"
#include "cuda/device_memory.h"
#include "gpu/views.h"

namespace trtn::gpu {

namespace {

const char* Obstacle(const Model& model, const std::vector<TensorView>& inputs,
                     const std::vector<OutputSlot>& outputs) {
  if (model.uses_mapped_memory)
    return "memory that the device uses in place is at another address in each call; a binding keeps it";
  const bool is_any = std::any_of(inputs.begin(), inputs.end(), IsOnDevice) ||
                      std::any_of(outputs.begin(), outputs.end(), [](const OutputSlot& slot) {
                        return slot.wanted && IsOnDevice(slot.view);
                      });
  return is_any ? "device tensors are at another address in each call; a binding keeps them" : nullptr;
}

}  // namespace

GpuContext::GpuContext(std::shared_ptr<Model> model) : model_(std::move(model)) {
  const cuda::ScopedDevice scope(*model_->device);
  lane_ = std::make_unique<Lane>(*model_);
}

GpuContext::~GpuContext() {
  const cuda::ScopedDevice scope(*model_->device, std::nothrow);
  lane_.reset();
}

void GpuContext::Run(const std::vector<TensorView>& inputs, std::vector<OutputSlot>& outputs) {
  Execute(inputs, outputs, nullptr, nullptr);
}

void GpuContext::RunTraced(const std::vector<TensorView>& inputs, std::vector<OutputSlot>& outputs,
                           const TraceRequest& request, RunTrace& trace) {
  Execute(inputs, outputs, &request, &trace);
}

std::vector<TensorView> GpuContext::ResolveOutputs(const std::vector<TensorView>& inputs) {
  lane_->Begin();
  try {
    lane_->SetInputs(inputs);
  } catch (...) {
    lane_->Fail("IExecutionContext::inferShapes");
  }
  std::vector<TensorView> views;
  for (const Shapes::Output& output : lane_->shapes().outputs()) views.push_back(output.view);
  return views;
}

void GpuContext::Execute(const std::vector<TensorView>& inputs, std::vector<OutputSlot>& outputs,
                         const TraceRequest* request, RunTrace* trace) {
  ++model_->counters.runs;
  // Outlives the handler below, which waits for the work that writes into its memory.
  std::optional<Tracing> tracing;
  try {
    lane_->Begin(request == nullptr ? Lane::Measure::kStages : Lane::Measure::kNothing);
    has_copies_in_ = has_copies_out_ = false;
    if (request != nullptr) tracing.emplace(*model_, *lane_, *request);
    RunSteps(inputs, outputs, tracing ? &*tracing : nullptr);
    if (tracing) tracing->Collect(*trace);
    Deliver(outputs);
  } catch (...) {
    ++model_->counters.failed_runs;
    try {
      lane_->Fail("IExecutionContext::enqueueV3");
    } catch (...) {
      // Nothing is in flight any more.
      targets_.clear();
      results_.Release();
      throw;
    }
  }
  targets_.clear();
  results_.Release();
}

void GpuContext::RunSteps(const std::vector<TensorView>& inputs, std::vector<OutputSlot>& outputs,
                          Tracing* tracing) {
  lane_->SetInputs(inputs);
  input_buffers_.resize(inputs.size());
  for (size_t i = 0; i < inputs.size(); ++i) input_buffers_[i] = lane_->PlaceInput(i, inputs[i]);
  PlaceOutputs(outputs);
  CopyIn(inputs);
  Lane::Submission submission;
  submission.obstacle = Obstacle(*model_, inputs, outputs);
  submission.is_exempt = tracing != nullptr;
  try {
    lane_->Submit([this] { lane_->Network(); }, submission);
  } catch (...) {
    if (tracing != nullptr) tracing->ThrowIfFailed();
    throw;
  }
  CopyOut(outputs);
  lane_->Wait();
  lane_->EndStages(has_copies_in_, has_copies_out_);
}

/// Before a copy: the first one begins the stage.
void GpuContext::NoteCopyIn() {
  if (!std::exchange(has_copies_in_, true)) lane_->Mark(StageMark::kH2dStart);
}

void GpuContext::NoteCopyOut() {
  if (!std::exchange(has_copies_out_, true)) lane_->Mark(StageMark::kD2hStart);
}

void GpuContext::PlaceOutputs(std::vector<OutputSlot>& outputs) {
  targets_.assign(outputs.size(), Target());
  size_t shared_bytes = 0;
  for (size_t i = 0; i < outputs.size(); ++i) {
    const Shapes::Output& known = lane_->shapes().outputs()[i];
    if (known.is_data_dependent) continue;
    targets_[i].bytes = known.view.bytes;
    const OutputSlot& slot = outputs[i];
    if (slot.view.data == nullptr || !slot.wanted) continue;
    CheckRoom(model_->outputs[i], slot.view, known.view.bytes);
    if (!IsOnDevice(slot.view) && !model_->output(i).is_on_host) shared_bytes += AlignUp(known.view.bytes);
  }
  if (shared_bytes > 0) results_ = model_->host_pool->Acquire(shared_bytes);
  auto* next = static_cast<unsigned char*>(results_.data());
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (lane_->shapes().outputs()[i].is_data_dependent) continue;
    OutputSlot& slot = outputs[i];
    if (model_->output(i).is_on_host) {
      if (slot.wanted) PlaceHostOutput(i, slot);
    } else if (slot.wanted && IsOnDevice(slot.view)) {
      PlaceOnDevice(i, slot);
    } else if (slot.wanted && slot.view.data != nullptr && targets_[i].bytes > 0) {
      PlaceOnHost(i, slot, next);
      next += AlignUp(targets_[i].bytes);
    } else {
      PlaceOnHost(i, slot, nullptr);
    }
  }
}

/// Page-locked memory for an output, or the device's alone where nobody wants it.
void GpuContext::PlaceOnHost(size_t index, OutputSlot& slot, void* memory) {
  Target& target = targets_[index];
  if (memory == nullptr && (slot.wanted || model_->uses_mapped_memory)) {
    target.owner = HostPool::Share(model_->host_pool->Acquire(target.bytes));
    memory = target.owner.get();
  }
  target.host = slot.wanted ? memory : nullptr;
  target.device = lane_->PlaceOutput(index, memory, target.bytes);
}

/// The context writes it to memory that outlives the run; Deliver() copies it from there.
void GpuContext::PlaceHostOutput(size_t index, OutputSlot& slot) {
  Target& target = targets_[index];
  CheckHostOutput(model_->outputs[index], slot.view);
  target.source = lane_->shapes().host_output(index);
  if (slot.view.data == nullptr) target.owner = HostPool::Share(model_->host_pool->Acquire(target.bytes));
}

void GpuContext::PlaceOnDevice(size_t index, OutputSlot& slot) {
  Target& target = targets_[index];
  void* address = slot.view.data;
  if (address == nullptr) {
    target.owner = cuda::AllocateSharedDeviceMemory(model_->device, target.bytes,
                                                    "the output '" + model_->outputs[index].name + "'");
    address = target.owner.get();
  }
  lane_->SetAddress(model_->output_tensors[index], address);
}

void GpuContext::CopyIn(const std::vector<TensorView>& inputs) {
  uint64_t staged = 0, copied = 0;
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (IsOnDevice(inputs[i])) continue;
    // By the caller, into the page-locked memory that the view shows.
    staged += inputs[i].bytes;
    if (input_buffers_[i] == 0 || inputs[i].bytes == 0) continue;
    NoteCopyIn();
    lane_->stream().CopyToDevice(input_buffers_[i], inputs[i].data, inputs[i].bytes);
    copied += inputs[i].bytes;
  }
  if (has_copies_in_) lane_->Mark(StageMark::kH2dEnd);
  model_->counters.host_copied_bytes += staged;
  model_->counters.host_to_device_bytes += copied;
}

void GpuContext::CopyOut(std::vector<OutputSlot>& outputs) {
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (!outputs[i].wanted) continue;
    if (lane_->shapes().outputs()[i].is_data_dependent) TakeGrown(i, outputs[i]);
    const Target& target = targets_[i];
    if (target.host == nullptr || target.device == 0 || target.bytes == 0) continue;
    NoteCopyOut();
    lane_->stream().CopyToHost(target.host, target.device, target.bytes);
    model_->counters.device_to_host_bytes += target.bytes;
  }
  if (has_copies_out_) lane_->Mark(StageMark::kD2hEnd);
}

/// The size is known now: makes room for it, and lets CopyOut() bring it there.
void GpuContext::TakeGrown(size_t index, OutputSlot& slot) {
  GrowingOutput& grown = lane_->growing_output(index);
  Target& target = targets_[index];
  slot.owned.view.type = model_->outputs[index].type;
  slot.owned.view.dims = grown.Dims();
  target.bytes = TensorBytes(slot.owned.view.type, slot.owned.view.dims);
  if (slot.view.data != nullptr) CheckRoom(model_->outputs[index], slot.view, target.bytes);
  if (!IsOnDevice(slot.view)) {
    target.owner = HostPool::Share(model_->host_pool->Acquire(target.bytes));
    target.host = target.owner.get();
    target.device = grown.address();
    return;
  }
  void* to = slot.view.data;
  if (to == nullptr) {
    target.owner = cuda::AllocateSharedDeviceMemory(model_->device, target.bytes,
                                                    "the output '" + model_->outputs[index].name + "'");
    to = target.owner.get();
  }
  if (target.bytes == 0) return;
  NoteCopyOut();
  lane_->stream().CopyOnDevice(reinterpret_cast<cuda::DevicePointer>(to), grown.address(), target.bytes);
}

void GpuContext::Deliver(std::vector<OutputSlot>& outputs) {
  for (size_t i = 0; i < outputs.size(); ++i) {
    OutputSlot& slot = outputs[i];
    Target& target = targets_[i];
    if (!slot.wanted) continue;
    if (target.source != nullptr && target.bytes > 0) {
      std::memcpy(slot.view.data != nullptr ? slot.view.data : target.owner.get(), target.source,
                  target.bytes);
      model_->counters.host_copied_bytes += target.bytes;
    }
    if (slot.view.data != nullptr) {
      if (target.host == nullptr || target.bytes == 0) continue;
      std::memcpy(slot.view.data, target.host, target.bytes);
      model_->counters.host_copied_bytes += target.bytes;
      continue;
    }
    const Shapes::Output& known = lane_->shapes().outputs()[i];
    if (!known.is_data_dependent) slot.owned.view = known.view;
    slot.owned.view.bytes = target.bytes;
    slot.owned.view.place = slot.view.place;
    slot.owned.view.data = target.owner.get();
    slot.owned.owner = std::move(target.owner);
  }
}

}  // namespace trtn::gpu
