// SPDX-License-Identifier: Apache-2.0
#include "chain/chain_device.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "chain/chain_cpu.h"
#include "core/error.h"
#include "cuda/pinned_memory.h"

namespace trtn::chain {
namespace {

/// The device's pool gives the same addresses again and again; more than these few come where the caller
/// keeps results.
constexpr size_t kMostRecordings = 8;

void* PointerOf(cuda::DevicePointer address) { return reinterpret_cast<void*>(address); }

cuda::LaunchExtent ToLaunch(const ops::Extent& extent) { return {extent.x, extent.y, extent.z}; }

std::shared_ptr<cuda::KernelLibrary> OpenKernels(const std::shared_ptr<cuda::Device>& device) {
  const cuda::ScopedDevice scope(*device);
  return cuda::KernelLibrary::Open(device);
}

}  // namespace

DeviceShare::DeviceShare(std::shared_ptr<cuda::Device> opened)
    : device(std::move(opened)),
      kernels(OpenKernels(device)),
      staging(
          std::make_shared<HostPool>(std::make_unique<cuda::PinnedAllocator>(device), HostPool::Limits{})) {}

DeviceChain::DeviceChain(std::shared_ptr<const Chain> chain, std::shared_ptr<DeviceShare> share,
                         std::shared_ptr<cuda::Stream> stream, GraphMode graphs)
    : chain_(std::move(chain)),
      share_(std::move(share)),
      stream_(std::move(stream)),
      graphs_(graphs),
      inputs_(chain_->input_count()),
      outputs_(chain_->outputs().size()) {
  const cuda::ScopedDevice scope = share_->device->Use();
  if (chain_->memory_bytes() > 0)
    memory_ = cuda::DeviceMemory(share_->device, chain_->memory_bytes(), stream_->get(),
                                 "intermediate values of operators");
}

DeviceChain::~DeviceChain() = default;

void DeviceChain::Run(const std::vector<TensorView>& inputs, std::vector<OutputSlot>& outputs,
                      HostPool& heap) {
  const cuda::ScopedDevice scope = share_->device->Use();
  try {
    const std::vector<TensorView> placed_inputs = PlaceInputs(inputs);
    const std::vector<TensorView> placed_outputs = PlaceOutputs(outputs);
    Recording& recording = Find(placed_inputs, placed_outputs);
    UploadTable(recording);
    Submit(recording);
    stream_->Synchronize();
  } catch (...) {
    // Memory goes only once nothing uses it.
    stream_->SynchronizeNoThrow();
    uploaded_.clear();
    recordings_.clear();
    for (OutputSlot& slot : outputs) slot.owned = {};
    throw;
  }
  TakeOutputs(outputs, heap);
  const std::lock_guard<std::mutex> lock(mutex_);
  ++counters_.runs;
}

TensorView DeviceChain::UseTwin(Twin& twin, const TensorView& value, const std::string& what) {
  if (!twin.memory) {
    twin.bytes = value.bytes;
    twin.staging = share_->staging->Acquire(value.bytes);
    twin.memory = cuda::DeviceMemory(share_->device, value.bytes, stream_->get(), what);
  }
  twin.is_used = true;
  TensorView view = value;
  view.data = PointerOf(twin.memory.get());
  view.place = MemoryPlace::kDevice;
  return view;
}

std::vector<TensorView> DeviceChain::PlaceInputs(const std::vector<TensorView>& inputs) {
  std::vector<TensorView> placed;
  for (size_t i = 0; i < inputs.size(); ++i) {
    Twin& twin = inputs_[i];
    twin.is_used = false;
    if (inputs[i].place == MemoryPlace::kDevice) {
      placed.push_back(inputs[i]);
      continue;
    }
    placed.push_back(UseTwin(twin, chain_->value(i), "input " + std::to_string(i) + " of an operator"));
    if (twin.bytes > 0) std::memcpy(twin.staging.data(), inputs[i].data, twin.bytes);
  }
  return placed;
}

std::vector<TensorView> DeviceChain::PlaceOutputs(std::vector<OutputSlot>& outputs) {
  std::vector<TensorView> placed;
  for (size_t i = 0; i < outputs.size(); ++i) {
    OutputSlot& slot = outputs[i];
    TensorView value = chain_->value(chain_->outputs()[i]);
    const std::string what = "result " + std::to_string(i) + " of an operator";
    outputs_[i].is_used = false;
    if (slot.view.place == MemoryPlace::kHost) {
      placed.push_back(UseTwin(outputs_[i], value, what));
    } else if (slot.view.data != nullptr) {
      placed.push_back(slot.view);
    } else {
      slot.owned.owner = cuda::AllocateSharedDeviceMemory(share_->device, value.bytes, what);
      value.data = slot.owned.owner.get();
      value.place = MemoryPlace::kDevice;
      slot.owned.view = value;
      placed.push_back(std::move(value));
    }
  }
  return placed;
}

DeviceChain::Recording& DeviceChain::Find(const std::vector<TensorView>& inputs,
                                          const std::vector<TensorView>& outputs) {
  std::vector<void*> addresses;
  for (const std::vector<TensorView>* views : {&inputs, &outputs}) {
    for (const TensorView& view : *views) addresses.push_back(view.data);
  }
  const auto known = std::find_if(recordings_.begin(), recordings_.end(),
                                  [&](const Recording& one) { return one.addresses == addresses; });
  if (known != recordings_.end()) {
    recordings_.splice(recordings_.begin(), recordings_, known);
    return recordings_.front();
  }
  Recording fresh;
  fresh.addresses = std::move(addresses);
  Record(fresh, inputs, outputs);
  if (recordings_.size() == kMostRecordings) recordings_.pop_back();
  recordings_.push_front(std::move(fresh));
  return recordings_.front();
}

void DeviceChain::Record(Recording& recording, const std::vector<TensorView>& inputs,
                         const std::vector<TensorView>& outputs) {
  std::vector<ops::OperatorMemory> steps;
  std::vector<size_t> offsets;
  for (const Chain::Step& step : chain_->steps()) {
    steps.push_back(chain_->Bind(step, inputs, outputs, PointerOf(memory_.get())));
    const std::vector<uint8_t> table =
        chain_->MakesNothing(step) ? std::vector<uint8_t>() : step.work->DeviceTable(steps.back());
    offsets.push_back(table.empty() ? SIZE_MAX : recording.table.size());
    recording.table.insert(recording.table.end(), table.begin(), table.end());
    recording.table.resize(AlignUp(recording.table.size()));
  }
  ReserveTable(recording.table.size());
  for (size_t s = 0; s < steps.size(); ++s) {
    if (chain_->MakesNothing(chain_->steps()[s])) continue;
    if (offsets[s] != SIZE_MAX) steps[s].table = PointerOf(table_.get() + offsets[s]);
    for (ops::KernelLaunch& launch : chain_->steps()[s].work->Launches(steps[s]))
      recording.launches.push_back(std::move(launch));
  }
}

void DeviceChain::ReserveTable(size_t bytes) {
  if (bytes <= table_.bytes()) return;
  // Their launches have the old address.
  recordings_.clear();
  uploaded_.clear();
  table_.Release();
  table_staging_ = share_->staging->Acquire(bytes);
  table_ = cuda::DeviceMemory(share_->device, bytes, stream_->get(), "tables of operators");
}

void DeviceChain::UploadTable(const Recording& recording) {
  if (recording.table.empty() || recording.table == uploaded_) return;
  std::memcpy(table_staging_.data(), recording.table.data(), recording.table.size());
  uploaded_.clear();
  stream_->CopyToDevice(table_.get(), table_staging_.data(), recording.table.size());
  uploaded_ = recording.table;
}

void DeviceChain::Enqueue(const Recording& recording) {
  for (const Twin& twin : inputs_) {
    if (twin.is_used) stream_->CopyToDevice(twin.memory.get(), twin.staging.data(), twin.bytes);
  }
  for (const ops::KernelLaunch& launch : recording.launches)
    share_->kernels->Launch(launch.kernel, ToLaunch(launch.grid), ToLaunch(launch.block), launch.argument,
                            stream_->get());
  for (const Twin& twin : outputs_) {
    if (twin.is_used) stream_->CopyToHost(twin.staging.data(), twin.memory.get(), twin.bytes);
  }
}

void DeviceChain::Submit(Recording& recording) {
  // A graph is worth it where the same memory comes again: the first run with it tells nothing.
  if (graphs_ != GraphMode::kOff && recording.is_warm && !recording.is_refused &&
      (recording.has_graph || Capture(recording)) && Launch(recording))
    return;
  Enqueue(recording);
  recording.is_warm = true;
}

bool DeviceChain::Launch(Recording& recording) {
  try {
    recording.graph.Launch(*stream_);
  } catch (const Error& error) {
    if (share_->device->is_poisoned()) throw;
    // A launch can need memory that an ordinary run does not.
    recording.graph = {};
    recording.has_graph = false;
    Refuse(recording, error.what());
    return false;
  }
  const std::lock_guard<std::mutex> lock(mutex_);
  ++counters_.graph_launches;
  return true;
}

bool DeviceChain::Capture(Recording& recording) {
  try {
    cuda::GraphCapture capture(*stream_);
    Enqueue(recording);
    recording.graph = capture.Finish();
  } catch (const Error& error) {
    // A lost device is no matter of graphs.
    if (error.code() == "ERR_TRT_CUDA_DEVICE_LOST" || share_->device->is_poisoned()) throw;
    Refuse(recording, error.what());
    return false;
  }
  recording.has_graph = true;
  const std::lock_guard<std::mutex> lock(mutex_);
  ++counters_.graph_captures;
  return true;
}

void DeviceChain::Refuse(Recording& recording, const std::string& reason) {
  recording.is_refused = true;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    counters_.graph_refusal = reason;
  }
  if (graphs_ == GraphMode::kOn)
    throw Error("ERR_TRT_RUN_GRAPH",
                "Expected the chain to run as a CUDA graph (cudaGraph 'on'), and it cannot: " + reason);
}

void DeviceChain::TakeOutputs(std::vector<OutputSlot>& outputs, HostPool& heap) {
  for (size_t i = 0; i < outputs.size(); ++i) {
    const Twin& twin = outputs_[i];
    if (!twin.is_used) continue;
    const TensorView target = PlaceHostOutput(outputs[i], chain_->value(chain_->outputs()[i]), heap);
    if (twin.bytes > 0) std::memcpy(target.data, twin.staging.data(), twin.bytes);
  }
}

ChainCounters DeviceChain::counters() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return counters_;
}

}  // namespace trtn::chain
