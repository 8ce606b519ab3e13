// SPDX-License-Identifier: Apache-2.0
// Modules and kernels of one's own. An image has to be PTX or a fatbin, but what runs is the kernel of the
// same name that was compiled for the host, thread by thread (native/ops/emulator.h).
#include <cstdint>
#include <cstring>
#include <stdexcept>

#include "ops/emulator.h"
#include "scheduler.h"

namespace standin {
namespace {

constexpr CUresult kInvalidImage = 200;
constexpr CUresult kNoBinaryForGpu = 209;
constexpr CUresult kInvalidPtx = 218;
constexpr CUresult kNotFound = 500;
constexpr uint32_t kFatbinMagic = 0xBA55ED50;
constexpr int kFatbinNeedsVersion = 13000;
/// CU_JIT_ERROR_LOG_BUFFER and CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES.
constexpr int kErrorLog = 5, kErrorLogBytes = 6;
constexpr const char* kPrefix = "trtn_";

struct LogOption {
  char* text = nullptr;
  size_t bytes = 0;
};

LogOption FindLog(unsigned count, const int* options, void** values) {
  LogOption log;
  for (unsigned i = 0; i < count; i++) {
    if (options[i] == kErrorLog) log.text = static_cast<char*>(values[i]);
    if (options[i] == kErrorLogBytes) log.bytes = reinterpret_cast<size_t>(values[i]);
  }
  return log;
}

void Write(const LogOption& log, const char* text) {
  if (log.text == nullptr || log.bytes == 0) return;
  std::strncpy(log.text, text, log.bytes - 1);
  log.text[log.bytes - 1] = 0;
}

bool IsFatbin(const void* image) {
  uint32_t magic = 0;
  std::memcpy(&magic, image, sizeof magic);
  return magic == kFatbinMagic;
}

/// What a driver's compiler would say about text that is no PTX of a version that it knows.
const char* ErrorOfPtx(const std::string& text) {
  if (text.find(".version ") == std::string::npos) return "ptxas fatal : missing .version directive";
  if (text.find(".entry ") == std::string::npos) return "ptxas fatal : no entry function";
  return nullptr;
}

CUresult LoadModule(Call& call, CUmodule* handle, const void* image, const LogOption& log) {
  if (image == nullptr) return call.Fail(kInvalidValue, "is given no image");
  Module module;
  module.context = call.context;
  if (IsFatbin(image)) {
    if (DriverVersion() < kFatbinNeedsVersion) return kNoBinaryForGpu;
  } else {
    module.ptx = static_cast<const char*>(image);
    if (module.ptx.compare(0, 4,
                           "\x7f"
                           "ELF") == 0)
      return kInvalidImage;
    if (const char* error = ErrorOfPtx(module.ptx)) {
      Write(log, error);
      return kInvalidPtx;
    }
  }
  *handle = state().modules.Add(std::make_shared<Module>(std::move(module)));
  return kSuccess;
}

/// Machine code keeps its names compressed: there the emulator's list has to do.
bool HasKernel(const Module& module, const std::string& symbol) {
  if (symbol.compare(0, std::strlen(kPrefix), kPrefix) != 0) return false;
  if (!module.ptx.empty() && module.ptx.find(".entry " + symbol + "(") == std::string::npos) return false;
  return trtn::emulator::HasKernel(symbol.substr(std::strlen(kPrefix)));
}

struct GivenArgument {
  const uint8_t* bytes = nullptr;
  size_t size = 0;
};

/// CU_LAUNCH_PARAM_BUFFER_POINTER, _SIZE, _END.
GivenArgument ReadArgument(void** parameters, void** extra, size_t expected) {
  GivenArgument argument;
  if (parameters != nullptr) return {static_cast<const uint8_t*>(parameters[0]), expected};
  for (void** word = extra; word != nullptr && *word != nullptr; word += 2) {
    if (*word == reinterpret_cast<void*>(1)) argument.bytes = static_cast<const uint8_t*>(word[1]);
    if (*word == reinterpret_cast<void*>(2)) argument.size = *static_cast<size_t*>(word[1]);
  }
  return argument;
}

void RunLaunch(void* launch) { trtn::emulator::Launch(*static_cast<trtn::ops::KernelLaunch*>(launch)); }
void DestroyLaunch(void* launch) { delete static_cast<trtn::ops::KernelLaunch*>(launch); }

}  // namespace
}  // namespace standin

using namespace standin;  // NOLINT: the entry points below are all that follows

STANDIN_API CUresult cuModuleLoadDataEx(CUmodule* module, const void* image, unsigned count, int* options,
                                        void** values) {
  Call call(Entry::cuModuleLoadDataEx, kCurrentContext | kUnsafeInCapture);
  if (call.result != kSuccess) {
    Write(FindLog(count, options, values), "the stand-in was told to refuse it");
    return call.result;
  }
  return LoadModule(call, module, image, FindLog(count, options, values));
}

STANDIN_API CUresult cuModuleLoadData(CUmodule* module, const void* image) {
  Call call(Entry::cuModuleLoadData, kCurrentContext | kUnsafeInCapture);
  return call.result != kSuccess ? call.result : LoadModule(call, module, image, {});
}

STANDIN_API CUresult cuModuleGetFunction(CUfunction* function, CUmodule handle, const char* name) {
  Call call(Entry::cuModuleGetFunction, kCurrentContext);
  if (call.result != kSuccess) return call.result;
  const std::shared_ptr<Module> module = state().modules.Find(handle);
  if (module == nullptr) return call.Fail(kInvalidHandle, "is given a module that is not loaded");
  if (!HasKernel(*module, name)) return kNotFound;
  *function = state().functions.Add(std::make_shared<Function>(Function{module, std::string(name)}));
  return kSuccess;
}

STANDIN_API CUresult cuModuleUnload(CUmodule handle) {
  Call call(Entry::cuModuleUnload, kCurrentContext | kClosing | kUnsafeInCapture);
  if (call.result != kSuccess) return call.result;
  const std::shared_ptr<Module> module = state().modules.Remove(handle);
  if (module == nullptr) return call.Fail(kInvalidHandle, "is given a module that is not loaded");
  module->is_loaded = false;
  return call.Done();
}

STANDIN_API CUresult cuLaunchKernel(CUfunction handle, unsigned grid_x, unsigned grid_y, unsigned grid_z,
                                    unsigned block_x, unsigned block_y, unsigned block_z,
                                    unsigned shared_bytes, CUstream stream_handle, void** parameters,
                                    void** extra) {
  // Kept until the lock is given back: the last reference destroys the launch.
  auto kernel = std::make_shared<KernelCall>();
  Call call(Entry::cuLaunchKernel, kCurrentContext);
  if (call.result != kSuccess) return call.result;
  const std::shared_ptr<Function> function = state().functions.Find(handle);
  if (function == nullptr || !function->module->is_loaded) {
    return call.Fail(kInvalidHandle, "is given a function of no loaded module");
  }
  if (function->module->context != call.context)
    return call.Fail(kInvalidContext, "is given a foreign function");
  const std::string name = function->symbol.substr(std::strlen(kPrefix));
  const size_t expected = trtn::emulator::ArgumentBytes(name);
  const GivenArgument argument = ReadArgument(parameters, extra, expected);
  if (argument.bytes == nullptr || argument.size != expected) {
    return call.Fail(kInvalidValue, "gives " + name + " an argument of " + std::to_string(argument.size) +
                                        " bytes, it takes " + std::to_string(expected));
  }
  auto launch = std::make_unique<trtn::ops::KernelLaunch>();
  *launch = {name,
             {grid_x, grid_y, grid_z},
             {block_x, block_y, block_z},
             {argument.bytes, argument.bytes + expected}};
  if (!trtn::emulator::IsValid(*launch) || shared_bytes > 0) return kInvalidValue;
  const std::shared_ptr<Stream> stream = FindStream(call, stream_handle);
  if (stream == nullptr) return kInvalidHandle;
  kernel->name = name;
  kernel->run = RunLaunch;
  kernel->argument = launch.release();
  kernel->destroy = DestroyLaunch;
  Op op;
  op.kind = OpKind::kKernel;
  op.kernel = kernel;
  return Submit(call, stream, std::move(op));
}
