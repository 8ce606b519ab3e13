// SPDX-License-Identifier: Apache-2.0
#include "gpu/bound.h"

#include <cstring>
#include <new>
#include <utility>

#include "core/error.h"
#include "gpu/views.h"

namespace trtn::gpu {

GpuBound::GpuBound(std::shared_ptr<Model> model, const std::vector<TensorView>& inputs,
                   const std::vector<TensorView>& outputs)
    : model_(std::move(model)), inputs_(inputs), outputs_(outputs) {
  const cuda::ScopedDevice scope = model_->device->Use();
  lane_ = std::make_unique<Lane>(*model_);
  try {
    PrepareOrFail();
  } catch (...) {
    // While the device is current.
    lane_.reset();
    throw;
  }
}

GpuBound::~GpuBound() {
  const cuda::ScopedDevice scope(*model_->device, std::nothrow);
  lane_.reset();
}

void GpuBound::PrepareOrFail() {
  try {
    Prepare();
  } catch (...) {
    lane_->Fail("IExecutionContext::inferShapes");
  }
}

/// Once, and again after a run that failed: by then the context knows nothing any more.
void GpuBound::Prepare() {
  lane_->SetInputs(inputs_);
  copies_in_.clear();
  copies_out_.clear();
  bytes_in_ = bytes_out_ = 0;
  for (size_t i = 0; i < inputs_.size(); ++i) PlaceInput(i);
  for (size_t i = 0; i < outputs_.size(); ++i) PlaceOutput(i);
  if (lane_->shapes().has_data_dependent_outputs() && dims_.empty()) {
    for (const TensorView& view : outputs_) dims_.push_back(view.dims);
  }
  is_prepared_ = true;
}

/// The values of shape tensors lie in the caller's memory like those of all inputs.
bool GpuBound::HasNewValues() const { return has_shape_tensors_ && !lane_->shapes().IsSame(inputs_); }

void GpuBound::PlaceInput(size_t index) {
  const TensorView& view = inputs_[index];
  if (model_->input(index).is_on_host) has_shape_tensors_ = true;
  const cuda::DevicePointer device = lane_->PlaceInput(index, view);
  if (device == 0 || view.bytes == 0) return;
  copies_in_.push_back({view.data, device, view.bytes});
  bytes_in_ += view.bytes;
}

void GpuBound::PlaceOutput(size_t index) {
  const TensorView& view = outputs_[index];
  const Shapes::Output& known = lane_->shapes().outputs()[index];
  if (known.is_data_dependent) return;
  if (view.dims != known.view.dims) {
    throw Error("ERR_TRT_RUN_FAILED",
                "Expected the output '" + model_->outputs[index].name + "' to have the dims " +
                    JoinDims(view.dims) +
                    " that it was bound with; the values of the shape tensors make it " +
                    JoinDims(known.view.dims) + ".");
  }
  CheckRoom(model_->outputs[index], view, known.view.bytes);
  if (model_->output(index).is_on_host) {
    has_host_outputs_ = true;
    return CheckHostOutput(model_->outputs[index], view);
  }
  if (IsOnDevice(view)) return lane_->SetAddress(model_->output_tensors[index], view.data);
  const cuda::DevicePointer device = lane_->PlaceOutput(index, view.data, known.view.bytes);
  if (device == 0 || known.view.bytes == 0) return;
  copies_out_.push_back({view.data, device, known.view.bytes});
  bytes_out_ += known.view.bytes;
}

void GpuBound::Run() {
  ++model_->counters.runs;
  try {
    lane_->Begin(Lane::Measure::kStages);
    if (!is_prepared_ || HasNewValues()) Prepare();
    has_copies_out_ = !copies_out_.empty();
    lane_->Submit([this] { Enqueue(); }, {});
    if (lane_->shapes().has_data_dependent_outputs()) TakeGrown();
    lane_->Wait();
    lane_->EndStages(!copies_in_.empty(), has_copies_out_);
    if (has_host_outputs_) TakeHostOutputs();
  } catch (...) {
    is_prepared_ = false;
    ++model_->counters.failed_runs;
    lane_->Fail("IExecutionContext::enqueueV3");
  }
  model_->counters.host_to_device_bytes += bytes_in_;
  model_->counters.device_to_host_bytes += bytes_out_;
}

void GpuBound::Enqueue() {
  cuda::Stream& stream = lane_->stream();
  if (!copies_in_.empty()) {
    lane_->Mark(StageMark::kH2dStart);
    for (const Copy& copy : copies_in_) stream.CopyToDevice(copy.device, copy.host, copy.bytes);
    lane_->Mark(StageMark::kH2dEnd);
  }
  lane_->Network();
  if (copies_out_.empty()) return;
  lane_->Mark(StageMark::kD2hStart);
  for (const Copy& copy : copies_out_) stream.CopyToHost(copy.host, copy.device, copy.bytes);
  lane_->Mark(StageMark::kD2hEnd);
}

/// Before the copy of an output that was not enqueued with the network.
void GpuBound::NoteCopyOut() {
  if (!std::exchange(has_copies_out_, true)) lane_->Mark(StageMark::kD2hStart);
}

void GpuBound::TakeGrown() {
  for (size_t i = 0; i < outputs_.size(); ++i) {
    if (!lane_->shapes().outputs()[i].is_data_dependent) continue;
    const GrowingOutput& grown = lane_->growing_output(i);
    dims_[i] = grown.Dims();
    const size_t bytes = TensorBytes(model_->outputs[i].type, dims_[i]);
    if (outputs_[i].data == nullptr || bytes > outputs_[i].bytes) {
      throw Error("ERR_TRT_RUN_FAILED", "Expected at most " + std::to_string(outputs_[i].bytes) +
                                            " bytes of the output '" + model_->outputs[i].name +
                                            "', which was the upper bound when it was bound; the run gave " +
                                            std::to_string(bytes) + ".");
    }
    if (bytes == 0) continue;
    NoteCopyOut();
    if (IsOnDevice(outputs_[i])) {
      lane_->stream().CopyOnDevice(reinterpret_cast<cuda::DevicePointer>(outputs_[i].data), grown.address(),
                                   bytes);
    } else {
      lane_->stream().CopyToHost(outputs_[i].data, grown.address(), bytes);
      model_->counters.device_to_host_bytes += bytes;
    }
  }
  if (has_copies_out_) lane_->Mark(StageMark::kD2hEnd);
}

/// The context keeps writing to its own memory for as long as it lives, which the caller's may not.
void GpuBound::TakeHostOutputs() {
  for (size_t i = 0; i < outputs_.size(); ++i) {
    const size_t bytes = lane_->shapes().outputs()[i].view.bytes;
    if (!model_->output(i).is_on_host || bytes == 0) continue;
    std::memcpy(outputs_[i].data, lane_->shapes().host_output(i), bytes);
    model_->counters.host_copied_bytes += bytes;
  }
}

const std::vector<std::vector<int64_t>>* GpuBound::OutputDims() const {
  return dims_.empty() ? nullptr : &dims_;
}

}  // namespace trtn::gpu
