// SPDX-License-Identifier: Apache-2.0
#include "cuda/kernel_library.h"

#include <utility>

#include "core/error.h"

namespace trtn::cuda {
namespace {

/// The machine code is in the format of the CUDA 13 compiler.
constexpr int kFirstDriverForMachineCode = 13000;
/// Of the driver's compiler.
constexpr size_t kLogBytes = 8192;

struct OpenLibraries {
  std::mutex mutex;
  std::map<const Device*, std::weak_ptr<KernelLibrary>> by_device;
};

// Never destroyed: sessions of other threads may still run while the process ends.
OpenLibraries& TheLibraries() {
  static auto* libraries = new OpenLibraries;
  return *libraries;
}

std::string Text(const LaunchExtent& extent) {
  return std::to_string(extent.x) + "x" + std::to_string(extent.y) + "x" + std::to_string(extent.z);
}

}  // namespace

std::shared_ptr<KernelLibrary> KernelLibrary::Open(std::shared_ptr<Device> device) {
  return Open(std::move(device), {EmbeddedPtx(), EmbeddedFatbins()});
}

std::shared_ptr<KernelLibrary> KernelLibrary::Open(std::shared_ptr<Device> device,
                                                   const KernelImages& images) {
  device->ThrowIfPoisoned();
  OpenLibraries& libraries = TheLibraries();
  const std::lock_guard<std::mutex> lock(libraries.mutex);
  std::weak_ptr<KernelLibrary>& known = libraries.by_device[device.get()];
  if (std::shared_ptr<KernelLibrary> library = known.lock()) return library;
  std::shared_ptr<KernelLibrary> library(new KernelLibrary(std::move(device), images));
  known = library;
  return library;
}

KernelLibrary::KernelLibrary(std::shared_ptr<Device> device, const KernelImages& images)
    : device_(std::move(device)),
      images_(images),
      uses_machine_code_(device_->driver().version() >= kFirstDriverForMachineCode &&
                         !images.fatbins.empty()) {}

KernelLibrary::~KernelLibrary() {
  const ScopedDevice scope(*device_, std::nothrow);
  for (const auto& [source, module] : modules_) {
    device_->CheckNoThrow(device_->api().cuModuleUnload(module), "cuModuleUnload");
  }
}

std::string KernelLibrary::image() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return uses_machine_code_ ? "cubin" : "ptx";
}

void KernelLibrary::Prepare(const std::string& name) {
  const std::lock_guard<std::mutex> lock(mutex_);
  Find(name);
}

void KernelLibrary::Launch(const std::string& name, LaunchExtent grid, LaunchExtent block,
                           const std::vector<uint8_t>& argument, StreamHandle stream) {
  FunctionHandle function = nullptr;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    function = Find(name);
  }
  size_t bytes = argument.size();
  void* extra[] = {kLaunchBufferPointer, const_cast<uint8_t*>(argument.data()), kLaunchBufferSize, &bytes,
                   kLaunchEnd};
  const Result result = device_->api().cuLaunchKernel(function, grid.x, grid.y, grid.z, block.x, block.y,
                                                      block.z, 0, stream, nullptr, extra);
  if (result == kSuccess) return;
  device_->Check(
      result, "cuLaunchKernel",
      device_->name() + ": launching " + name + " (" + Text(grid) + " blocks of " + Text(block) + ")");
}

FunctionHandle KernelLibrary::Find(const std::string& name) {
  FunctionHandle& function = functions_[name];
  if (function != nullptr) return function;
  const ModuleHandle module = ModuleOf(name);
  FunctionHandle found = nullptr;
  device_->Check(device_->api().cuModuleGetFunction(&found, module, ("trtn_" + name).c_str()),
                 "cuModuleGetFunction", device_->name() + ": looking for the kernel " + name);
  return function = found;
}

const KernelImage* KernelLibrary::ImageOf(const std::vector<KernelImage>& images, const std::string& name) {
  for (const KernelImage& image : images) {
    for (const std::string& kernel : image.kernels) {
      if (kernel == name) return &image;
    }
  }
  return nullptr;
}

ModuleHandle KernelLibrary::ModuleOf(const std::string& name) {
  const KernelImage* ptx = ImageOf(images_.ptx, name);
  if (ptx == nullptr)
    throw Error("ERR_TRT_CUDA_CALL", "There is no kernel \"" + name + "\".", "cuModuleGetFunction");
  const auto known = modules_.find(ptx->source);
  if (known != modules_.end()) return known->second;
  ModuleHandle module = nullptr;
  const KernelImage* fatbin = uses_machine_code_ ? ImageOf(images_.fatbins, name) : nullptr;
  if (fatbin != nullptr) {
    std::string log;
    const Result result = Load(*fatbin, &module, &log);
    if (SeverityOf(result) == Severity::kSticky || result == kOutOfMemory)
      ThrowNotLoaded(*fatbin, result, log);
    // A device that is newer than this package: its driver compiles the PTX.
    if (result != kSuccess) uses_machine_code_ = false;
  }
  if (module == nullptr) {
    std::string log;
    const Result result = Load(*ptx, &module, &log);
    if (result != kSuccess) ThrowNotLoaded(*ptx, result, log);
  }
  modules_.emplace(ptx->source, module);
  return module;
}

Result KernelLibrary::Load(const KernelImage& image, ModuleHandle* module, std::string* log) {
  const std::vector<char> expanded = image.Expand();
  std::vector<char> text(kLogBytes, 0);
  int options[] = {kJitErrorLog, kJitErrorLogBytes};
  void* values[] = {text.data(), reinterpret_cast<void*>(kLogBytes)};
  const Result result = device_->api().cuModuleLoadDataEx(module, expanded.data(), 2, options, values);
  if (result != kSuccess) *module = nullptr;
  text.back() = 0;
  *log = text.data();
  return result;
}

void KernelLibrary::ThrowNotLoaded(const KernelImage& image, Result result, const std::string& log) {
  device_->Check(result, "cuModuleLoadDataEx",
                 device_->name() + ": loading the kernels of " + image.source +
                     (log.empty() ? "" : " (the driver's log: " + log + ")"));
  throw Error("ERR_TRT_CUDA_CALL", "The driver gave no module for the kernels of " + image.source + ".",
              "cuModuleLoadDataEx");
}

}  // namespace trtn::cuda
