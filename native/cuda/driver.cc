// SPDX-License-Identifier: Apache-2.0
#include "cuda/driver.h"

#include <map>
#include <mutex>

#include "cuda/driver_probe.h"

namespace trtn::cuda {
namespace {

struct OpenDrivers {
  std::mutex mutex;
  /// By the address of cuInit: several paths may lead to one library.
  std::map<void*, std::shared_ptr<const Driver>> by_entry;
};

// Never destroyed: sessions of other threads may still run while the process ends.
OpenDrivers& TheDrivers() {
  static auto* drivers = new OpenDrivers;
  return *drivers;
}

Error OpenError(const DriverReport& report) {
  Error error(DriverErrorCode(report.status), report.message, report.code != 0 ? "cuInit" : "");
  error.details.push_back({"driver", {report.path}});
  if (report.code != 0) error.AddNumber("result", report.code);
  return error;
}

}  // namespace

Severity SeverityOf(Result result) {
  switch (result) {
    case kSuccess:
      return Severity::kOk;
    // The process is on its way out, or the driver was shut down: nothing works from here on.
    case 4:  // DEINITIALIZED
    // An exclusive device that another process holds, or one that no longer answers. The first can only come
    // from opening it, which Device::Open() tells apart; on a context in use it is the second.
    case kDeviceUnavailable:
    // Hardware: the memory, the link or the device reported an error that it could not mend.
    case 214:  // ECC_UNCORRECTABLE
    case 220:  // NVLINK_UNCORRECTABLE
    case 226:  // CONTAINED
    // A kernel did what it must not; its context is gone with it.
    case 700:  // ILLEGAL_ADDRESS
    case 702:  // LAUNCH_TIMEOUT
    case 710:  // ASSERT
    case 714:  // HARDWARE_STACK_ERROR
    case 715:  // ILLEGAL_INSTRUCTION
    case 716:  // MISALIGNED_ADDRESS
    case 717:  // INVALID_ADDRESS_SPACE
    case 718:  // INVALID_PC
    case 719:  // LAUNCH_FAILED
    case 721:  // TENSOR_MEMORY_LEAK
    // Another user of the process reset the primary context under us.
    case 709:  // CONTEXT_IS_DESTROYED
    // The MPS server is gone, or has ended this client.
    case 806:  // MPS_RPC_FAILURE
    case 810:  // MPS_CLIENT_TERMINATED
    // Whoever was waited for outside of CUDA has failed.
    case 911:  // EXTERNAL_DEVICE
      return Severity::kSticky;
    // Everything else says that this call was refused. Those that could be taken for more: 201
    // INVALID_CONTEXT is a call without a current context; 701 LAUNCH_OUT_OF_RESOURCES a launch that did not
    // start; 708 PRIMARY_CONTEXT_ACTIVE a setting that came too late; 600 NOT_READY no error at all; 900 to
    // 908 captures that were broken; 999 UNKNOWN nobody knows, so the next call shall tell.
    default:
      return Severity::kCall;
  }
}

std::shared_ptr<const Driver> Driver::Open(const std::string& path) {
  // Failures are not kept: a driver may be installed, and a device become visible, while the process runs.
  const DriverReport report = ProbeDriver(path);
  if (report.status != DriverStatus::kOk) throw OpenError(report);
  DynamicLibrary::OpenResult opened = DynamicLibrary::Open(report.path);
  if (!opened.library) throw Error("ERR_TRT_CUDA_INIT", opened.error);
  OpenDrivers& drivers = TheDrivers();
  const std::lock_guard<std::mutex> lock(drivers.mutex);
  std::shared_ptr<const Driver>& known = drivers.by_entry[opened.library->Symbol("cuInit")];
  if (known) return known;
  std::shared_ptr<Driver> driver(new Driver);
  driver->library_ = opened.library;
  driver->library_->KeepOpen();
  driver->version_ = report.version;
  const std::string missing =
      LoadDriverApi(driver->api_, [&](const char* name) { return opened.library->Symbol(name); });
  if (!missing.empty()) {
    throw Error("ERR_TRT_CUDA_INIT", report.path + ": the driver lacks " + missing + ".");
  }
  known = driver;
  return known;
}

std::string Driver::Name(Result result) const {
  const char* name = nullptr;
  if (api_.cuGetErrorName(result, &name) == kSuccess && name != nullptr) return name;
  return "error " + std::to_string(result);
}

std::string Driver::Describe(Result result) const {
  const char* text = nullptr;
  const bool has_text = api_.cuGetErrorString(result, &text) == kSuccess && text != nullptr;
  return has_text ? Name(result) + " (" + text + ")" : Name(result);
}

Error Driver::MakeError(Result result, const char* call, const std::string& context) const {
  const char* code = "ERR_TRT_CUDA_CALL";
  if (result == kOutOfMemory) code = "ERR_TRT_CUDA_OUT_OF_MEMORY";
  if (SeverityOf(result) == Severity::kSticky) code = "ERR_TRT_CUDA_DEVICE_LOST";
  const std::string what = std::string(call) + " returned " + Describe(result) + ".";
  Error error(code, context.empty() ? what : context + ": " + what, call);
  error.AddNumber("result", result);
  error.details.push_back({"name", {Name(result)}});
  return error;
}

}  // namespace trtn::cuda
