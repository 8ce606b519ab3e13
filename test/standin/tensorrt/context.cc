// SPDX-License-Identifier: Apache-2.0
#include "context.h"

#include <algorithm>
#include <stdexcept>

namespace standin {

namespace {

// Tells threads apart by the address of something that each has.
uintptr_t ThisThread() {
  static thread_local char marker;
  return reinterpret_cast<uintptr_t>(&marker);
}

constexpr unsigned int kEventWithoutTiming = 2;

unsigned long long DeviceAddress(void* memory) { return reinterpret_cast<unsigned long long>(memory); }

}  // namespace

Context::Use::Use(const Context& context, const char* entry) : context_(context) {
  uintptr_t expected = 0;
  is_owner_ = context_.user_.compare_exchange_strong(expected, ThisThread());
  if (!is_owner_ && expected != ThisThread()) {
    trtn_standin_violation((std::string("two threads in one IExecutionContext: ") + entry).c_str());
  }
}

Context::Use::~Use() {
  if (is_owner_) context_.user_ = 0;
}

Context::Context(Engine* engine, const ContextSettings& settings, void* memory, int64_t bytes,
                 nv::IErrorRecorder* recorder)
    : Object("IExecutionContext", recorder) {
  mImpl = this;
  state_.engine = engine;
  state_.plan = engine->plan();
  state_.settings = settings;
  state_.memory = memory;
  state_.memory_bytes = bytes;
  size_t count = state_.plan->tensors.size();
  state_.input_shapes.resize(count);
  state_.addresses.resize(count);
  state_.allocators.resize(count);
  for (size_t i = 0; i < count; ++i) {
    const TensorSpec& tensor = state_.plan->tensors[i];
    if (tensor.role == TensorSpec::Role::kInput && ElementCount(tensor.dims) >= 0) {
      state_.input_shapes[i] = tensor.dims;
    }
  }
  MakeEvents();
#if STANDIN_IS_RTX
  if (!state_.settings.kernels) state_.settings.kernels = std::make_shared<CompiledKernels>();
  // Everything that does not depend on shapes is compiled when the context is made.
  state_.settings.kernels->Compile(state_.plan->name + (state_.plan->IsDynamic() ? " fallback" : " static"));
#endif
  engine->ContextMade();
}

void Context::MakeEvents() {
  if (state_.plan->aux_streams == 0) return;
  cuEventCreate(&state_.fork_event, kEventWithoutTiming);
  state_.join_events.resize(static_cast<size_t>(state_.plan->aux_streams));
  for (cudaEvent_t& event : state_.join_events) cuEventCreate(&event, kEventWithoutTiming);
}

Context::~Context() {
  {
    Use use(*this, "~IExecutionContext");
  }
  bool is_own = state_.settings.allocation != nv::ExecutionContextAllocationStrategy::kUSER_MANAGED;
  if (is_own && state_.memory) cuMemFree_v2(DeviceAddress(state_.memory));
  for (const auto& [tensor, buffer] : state_.debug_buffers) cuMemFree_v2(DeviceAddress(buffer.address));
  for (cudaStream_t stream : state_.own_aux_streams) cuStreamDestroy_v2(stream);
  for (cudaEvent_t event : state_.join_events) {
    if (event) cuEventDestroy_v2(event);
  }
  if (state_.fork_event) cuEventDestroy_v2(state_.fork_event);
  state_.engine->ContextGone();
}

bool Context::ResizeMemory(const char* entry, int64_t bytes) {
  if (bytes == state_.memory_bytes) return true;
  if (state_.memory) cuMemFree_v2(DeviceAddress(state_.memory));
  state_.memory = nullptr;
  state_.memory_bytes = 0;
  if (bytes == 0) return true;
  int result = 0;
  state_.memory = AllocateDevice(bytes, &result);
  if (result == 0)
    state_.memory_bytes = bytes;
  else
    CudaError(entry, result);
  return result == 0;
}

bool Context::setOptimizationProfileAsync(int32_t profile, cudaStream_t stream) noexcept {
  constexpr char kEntry[] = "IExecutionContext::setOptimizationProfileAsync";
  Use use(*this, kEntry);
  if (Enter(kEntry)) return false;
  if (profile < 0 || profile >= state_.engine->getNbOptimizationProfiles()) {
    ParameterError(kEntry, "profileIndex < mEngine.getNbOptimizationProfiles()",
                   "Profile index " + std::to_string(profile) + " is out of range.");
    return false;
  }
  if (profile == state_.profile) return true;
  state_.profile = profile;
  state_.shapes_changed = true;
  for (size_t i = 0; i < state_.input_shapes.size(); ++i) {
    if (ElementCount(state_.plan->tensors[i].dims) < 0) state_.input_shapes[i].reset();
  }
  if (state_.settings.allocation == nv::ExecutionContextAllocationStrategy::kON_PROFILE_CHANGE) {
    // The memory may still be in use by what was enqueued before.
    if (int result = cuStreamSynchronize(stream)) return CudaError(kEntry, result), false;
    return ResizeMemory(kEntry, state_.engine->MemoryForProfile(profile));
  }
  return true;
}

void Context::setDeviceMemory(void* memory) noexcept { setDeviceMemoryV2(memory, state_.plan->memory_bytes); }

void Context::setDeviceMemoryV2(void* memory, int64_t size) noexcept {
  constexpr char kEntry[] = "IExecutionContext::setDeviceMemoryV2";
  Use use(*this, kEntry);
  if (Enter(kEntry)) return;
  if (state_.settings.allocation != nv::ExecutionContextAllocationStrategy::kUSER_MANAGED) {
    UsageError(kEntry, "The execution context was not created with kUSER_MANAGED allocation strategy.");
    return;
  }
  state_.memory = memory;
  state_.memory_bytes = size;
}

size_t Context::updateDeviceMemorySizeForShapes() noexcept {
  constexpr char kEntry[] = "IExecutionContext::updateDeviceMemorySizeForShapes";
  Use use(*this, kEntry);
  if (Enter(kEntry)) return 0;
  if (!allInputDimensionsSpecified()) {
    UsageError(kEntry, "Must specify all input shapes before calling this function.");
    return 0;
  }
  // Memory that was given before is divided by the old shapes: it has to be given again.
  if (state_.settings.allocation == nv::ExecutionContextAllocationStrategy::kUSER_MANAGED) {
    state_.memory = nullptr;
    state_.memory_bytes = 0;
  }
  int64_t used = 0, largest = 0;
  for (const auto& [name, range] : state_.plan->profiles[state_.profile]) {
    used += std::max<int64_t>(ElementCount(*state_.input_shapes[state_.plan->Find(name)]), 1);
    largest += std::max<int64_t>(ElementCount(range.max), 1);
  }
  int64_t full = state_.engine->MemoryForProfile(state_.profile);
  int64_t bytes = largest ? full * used / largest : full;
  // In whole units of 256 bytes, and never above what the profile needs.
  return static_cast<size_t>(std::min(full, (bytes + 255) / 256 * 256));
}

bool Context::enqueueV3(cudaStream_t stream) noexcept {
  constexpr char kEntry[] = "IExecutionContext::enqueueV3";
  Use use(*this, kEntry);
  if (Enter(kEntry)) return false;
  try {
    EnqueueNetwork(&state_, stream);
    return true;
  } catch (const EnqueueFailure& failure) {
    Fail(kEntry, failure.code, failure.kind, failure.text);
  } catch (const std::runtime_error& error) {
    Fail(kEntry, nv::ErrorCode::kFAILED_EXECUTION, "Internal Error",
         "IShuffleLayer or its like: " + std::string(error.what()));
  }
  return false;
}

bool Context::executeV2(void* const*) noexcept {
  NotImplemented("IExecutionContext::executeV2");
  return false;
}

bool Context::setTemporaryStorageAllocator(nv::IGpuAllocator*) noexcept {
  NotImplemented("IExecutionContext::setTemporaryStorageAllocator");
  return false;
}

nv::IRuntimeConfig* Context::getRuntimeConfig() const noexcept {
  NotImplemented("IExecutionContext::getRuntimeConfig");
  return nullptr;
}

bool Context::setUnfusedTensorsDebugState(bool) noexcept {
  NotImplemented("IExecutionContext::setUnfusedTensorsDebugState");
  return false;
}

bool Context::setCommunicator(void*) noexcept {
  NotImplemented("IExecutionContext::setCommunicator");
  return false;
}

#if STANDIN_IS_RTX
bool Context::isStreamCapturable(cudaStream_t) const noexcept {
  constexpr char kEntry[] = "IExecutionContext::isStreamCapturable";
  Use use(*this, kEntry);
  if (Enter(kEntry)) return false;
  return state_.plan->is_capturable && !state_.plan->HasDataDependentOutput() && !state_.shapes_changed;
}
#endif

}  // namespace standin
