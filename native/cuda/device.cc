// SPDX-License-Identifier: Apache-2.0
#include "cuda/device.h"

#include <map>
#include <utility>

#include "cuda/driver_probe.h"

namespace trtn::cuda {
namespace {

struct OpenDevices {
  std::mutex mutex;
  std::map<std::pair<const Driver*, int>, std::weak_ptr<Device>> by_ordinal;
};

// Never destroyed: sessions of other threads may still run while the process ends.
OpenDevices& TheDevices() {
  static auto* devices = new OpenDevices;
  return *devices;
}

uint64_t NextId() {
  static std::atomic<uint64_t> last{0};
  return ++last;
}

/// What this thread has current, as far as it is known: only between OwnThread's constructor and destructor.
struct ThreadState {
  int own_depth = 0;
  uint64_t current_id = 0;
};
thread_local ThreadState this_thread;

Error NoSuchDevice(int ordinal, int count) {
  const std::string there_is =
      count == 1 ? "there is cuda:0 only" : "there are cuda:0 to cuda:" + std::to_string(count - 1);
  Error error("ERR_TRT_RUN_DEVICE",
              "There is no device cuda:" + std::to_string(ordinal) + ": " + there_is + ".", "cuDeviceGet");
  error.AddNumber("devices", count);
  return error;
}

}  // namespace

std::shared_ptr<Device> Device::Open(std::shared_ptr<const Driver> driver, int ordinal) {
  OpenDevices& devices = TheDevices();
  const std::lock_guard<std::mutex> lock(devices.mutex);
  std::weak_ptr<Device>& known = devices.by_ordinal[{driver.get(), ordinal}];
  if (std::shared_ptr<Device> device = known.lock()) return device;
  std::shared_ptr<Device> device(new Device(std::move(driver), ordinal));
  device->Describe(ordinal);
  device->RetainContext();
  device->SetUpPool();
  known = device;
  return device;
}

Device::Device(std::shared_ptr<const Driver> driver, int ordinal)
    : driver_(std::move(driver)), id_(NextId()) {
  int count = 0;
  driver_->Check(api().cuDeviceGetCount(&count), "cuDeviceGetCount");
  if (ordinal < 0 || ordinal >= count) throw NoSuchDevice(ordinal, count);
  driver_->Check(api().cuDeviceGet(&handle_, ordinal), "cuDeviceGet");
}

Device::~Device() {
  if (context_ == nullptr) return;
  CloseMemoryStream();
  // What the pool keeps is of no use to anybody once the last session is closed.
  if (pool_ != nullptr && api().cuMemPoolTrimTo != nullptr && !is_poisoned()) api().cuMemPoolTrimTo(pool_, 0);
  if (this_thread.current_id == id_) {
    api().cuCtxSetCurrent(nullptr);
    this_thread.current_id = 0;
  }
  api().cuDevicePrimaryCtxRelease_v2(handle_);
}

StreamHandle Device::MemoryStream() {
  std::lock_guard<std::mutex> lock(mutex_);
  if (memory_stream_ == nullptr) {
    StreamHandle stream = nullptr;
    driver_->Check(api().cuStreamCreateWithPriority(&stream, kStreamNonBlocking, 0),
                   "cuStreamCreateWithPriority");
    memory_stream_ = stream;
  }
  return memory_stream_;
}

void Device::CloseMemoryStream() noexcept {
  if (memory_stream_ == nullptr) return;
  const ScopedDevice scope(*this, std::nothrow);
  api().cuStreamSynchronize(memory_stream_);
  api().cuStreamDestroy_v2(memory_stream_);
}

void Device::Describe(int ordinal) {
  static_cast<DeviceInfo&>(properties_) = DescribeDevice(api(), handle_, ordinal);
  // An attribute that the driver does not know is 0.
  const auto attribute = [&](int which) {
    int value = 0;
    return api().cuDeviceGetAttribute(&value, which, handle_) == kSuccess ? value : 0;
  };
  properties_.multiprocessors = attribute(kAttributeMultiprocessorCount);
  properties_.can_map_host_memory = attribute(kAttributeCanMapHostMemory) != 0;
  properties_.has_memory_pools = attribute(kAttributeMemoryPoolsSupported) != 0;
}

void Device::RetainContext() {
  const Result result = api().cuDevicePrimaryCtxRetain(&context_, handle_);
  if (result != kSuccess) context_ = nullptr;
  if (result == kDeviceUnavailable) {
    // Nothing is lost yet, so this is no lost device.
    Error error("ERR_TRT_CUDA_CALL",
                name() +
                    " cannot be used: another process holds it and its compute mode is exclusive, or it does "
                    "not answer: cuDevicePrimaryCtxRetain returned " +
                    driver_->Describe(result) + ".",
                "cuDevicePrimaryCtxRetain");
    error.AddNumber("result", result);
    error.details.push_back({"name", {driver_->Name(result)}});
    throw error;
  }
  Check(result, "cuDevicePrimaryCtxRetain");
  const ScopedDevice scope(*this);
  Check(api().cuCtxGetStreamPriorityRange(&properties_.least_stream_priority,
                                          &properties_.greatest_stream_priority),
        "cuCtxGetStreamPriorityRange");
}

void Device::SetUpPool() {
  const DriverApi& driver = api();
  properties_.has_memory_pools =
      properties_.has_memory_pools && driver.cuMemAllocAsync != nullptr && driver.cuMemFreeAsync != nullptr &&
      driver.cuDeviceGetDefaultMemPool != nullptr && driver.cuMemPoolSetAttribute != nullptr;
  if (!properties_.has_memory_pools) return;
  // By default a pool gives everything back at each synchronisation, that is after each run.
  uint64_t keep_all = UINT64_MAX;
  const char* call = "cuDeviceGetDefaultMemPool";
  Result result = driver.cuDeviceGetDefaultMemPool(&pool_, handle_);
  if (result == kSuccess) {
    call = "cuMemPoolSetAttribute";
    result = driver.cuMemPoolSetAttribute(pool_, kPoolReleaseThreshold, &keep_all);
  } else {
    pool_ = nullptr;
  }
  if (SeverityOf(result) == Severity::kSticky) Check(result, call);
  // A pool that cannot be set up (some virtual GPUs) is worse than none.
  properties_.has_memory_pools = result == kSuccess;
}

void Device::Activate() {
  if (this_thread.current_id == id_) return;
  Check(api().cuCtxSetCurrent(context_), "cuCtxSetCurrent");
  if (this_thread.own_depth > 0) this_thread.current_id = id_;
}

ScopedDevice Device::Use() {
  ThrowIfPoisoned();
  return ScopedDevice(*this);
}

void Device::Check(Result result, const char* call, const std::string& context) {
  if (result == kSuccess) return;
  const bool is_sticky = SeverityOf(result) == Severity::kSticky;
  if (!is_sticky || !Poison(result, call)) ThrowIfPoisoned();
  throw driver_->MakeError(result, call, context.empty() ? name() : context);
}

void Device::CheckNoThrow(Result result, const char* call) noexcept {
  if (SeverityOf(result) == Severity::kSticky) Poison(result, call);
}

bool Device::Poison(Result result, const char* call) noexcept {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (is_poisoned()) return false;
  poison_result_ = result;
  try {
    poison_call_ = call;
    poison_cause_ = std::string(call) + " returned " + driver_->Describe(result);
  } catch (...) {
    // Out of host memory: the number has to do.
  }
  is_poisoned_.store(true, std::memory_order_release);
  return true;
}

void Device::ThrowIfPoisoned() const {
  if (!is_poisoned()) return;
  const std::lock_guard<std::mutex> lock(mutex_);
  Error error("ERR_TRT_CUDA_POISONED", name() + " is lost since an earlier error: " + poison_cause_ + ".",
              poison_call_);
  error.details.push_back({"cause", {poison_cause_}});
  error.details.push_back({"call", {poison_call_}});
  error.AddNumber("result", poison_result_);
  throw error;
}

std::string Device::poison_cause() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return poison_cause_;
}

void Device::Examine(StreamHandle stream, const char* call) noexcept {
  const ScopedDevice scope(*this, std::nothrow);
  CheckNoThrow(api().cuStreamQuery(stream), call);
}

MemoryInfo Device::memory() {
  size_t free_bytes = 0, total_bytes = 0;
  Check(api().cuMemGetInfo_v2(&free_bytes, &total_bytes), "cuMemGetInfo");
  return {free_bytes, total_bytes};
}

ScopedDevice::ScopedDevice(Device& device) : device_(device) { device_.Check(Push(), "cuCtxPushCurrent"); }

ScopedDevice::ScopedDevice(Device& device, std::nothrow_t) noexcept : device_(device) {
  // Once more, since what cannot be given back now is lost for good.
  Result result = Push();
  if (SeverityOf(result) == Severity::kCall) result = Push();
  device_.CheckNoThrow(result, "cuCtxPushCurrent");
}

ScopedDevice::~ScopedDevice() {
  if (!is_pushed_) return;
  ContextHandle context = nullptr;
  device_.CheckNoThrow(device_.api().cuCtxPopCurrent_v2(&context), "cuCtxPopCurrent");
  this_thread.current_id = outer_id_;
}

Result ScopedDevice::Push() noexcept {
  if (this_thread.current_id == device_.id_) return kSuccess;
  const Result result = device_.api().cuCtxPushCurrent_v2(device_.context_);
  is_pushed_ = result == kSuccess;
  if (is_pushed_) {
    outer_id_ = this_thread.current_id;
    if (this_thread.own_depth > 0) this_thread.current_id = device_.id_;
  }
  return result;
}

OwnThread::OwnThread() {
  if (this_thread.own_depth++ == 0) this_thread.current_id = 0;
}

OwnThread::~OwnThread() {
  if (--this_thread.own_depth == 0) this_thread.current_id = 0;
}

}  // namespace trtn::cuda
