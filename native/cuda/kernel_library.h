// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "cuda/device.h"
#include "cuda/kernel_pack.h"

namespace trtn::cuda {

/// Blocks of a grid, or threads of a block.
struct LaunchExtent {
  uint32_t x = 1, y = 1, z = 1;
};

/// The same kernels twice: as PTX, and as machine code, of which there may be none.
struct KernelImages {
  std::vector<KernelImage> ptx, fatbins;
};

/// The kernels of native/ops on one device, in its primary context; one library per device, unloaded with the
/// last owner. A graph that has captured a launch needs an owner too. Thread-safe.
class KernelLibrary {
 public:
  /// Throws ERR_TRT_CUDA_POISONED.
  static std::shared_ptr<KernelLibrary> Open(std::shared_ptr<Device> device);
  /// With other images than the addon's; they count only for the first who opens the device's library.
  static std::shared_ptr<KernelLibrary> Open(std::shared_ptr<Device> device, const KernelImages& images);
  ~KernelLibrary();
  KernelLibrary(const KernelLibrary&) = delete;
  KernelLibrary& operator=(const KernelLibrary&) = delete;

  /// Loads the kernels of the file that has this one, unless they are there. Blocks for milliseconds, or for
  /// as long as the driver's compiler takes where the driver is too old or the device too new for the machine
  /// code. The device must be current, and no stream of this thread may capture. Throws ERR_TRT_CUDA_CALL for
  /// an unknown name, and with the driver's log where it takes neither form.
  void Prepare(const std::string& name);
  /// Enqueues the kernel that TRTN_KERNEL(name) defines; `argument` are the bytes of its only parameter,
  /// copied before this returns. Does what Prepare() does at the first launch of a file's kernels; later ones
  /// can be captured in a graph. The device must be current. Throws ERR_TRT_CUDA_CALL for a launch that the
  /// driver refuses.
  void Launch(const std::string& name, LaunchExtent grid, LaunchExtent block,
              const std::vector<uint8_t>& argument, StreamHandle stream);

  Device& device() const { return *device_; }
  /// What the next file is tried as first: "cubin" (made for the device) or "ptx" (compiled by the driver).
  std::string image() const;

 private:
  KernelLibrary(std::shared_ptr<Device> device, const KernelImages& images);
  static const KernelImage* ImageOf(const std::vector<KernelImage>& images, const std::string& name);
  // With the lock.
  FunctionHandle Find(const std::string& name);
  ModuleHandle ModuleOf(const std::string& name);
  Result Load(const KernelImage& image, ModuleHandle* module, std::string* log);
  [[noreturn]] void ThrowNotLoaded(const KernelImage& image, Result result, const std::string& log);

  const std::shared_ptr<Device> device_;
  const KernelImages images_;
  mutable std::mutex mutex_;
  bool uses_machine_code_;
  /// By the source of their image.
  std::map<std::string, ModuleHandle> modules_;
  std::map<std::string, FunctionHandle> functions_;
};

}  // namespace trtn::cuda
