// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace trtn::cuda {

/// The compiled kernels of one file of native/ops.
struct KernelImage {
  /// "scores/softmax".
  std::string source;
  /// Names as in TRTN_KERNEL(name).
  std::vector<std::string> kernels;
  /// 16-aligned, compressed if `stored` is less than `bytes`.
  const char* data = nullptr;
  size_t stored = 0, bytes = 0;

  bool is_compressed() const { return stored < bytes; }
  /// What cuModuleLoadData takes: a copy, with a zero behind it. Throws ERR_TRT_LOAD_ADDON if it is damaged.
  std::vector<char> Expand() const;
};

/// Reads what scripts/kernels/pack.mjs writes. The images point into `data`. Throws ERR_TRT_LOAD_ADDON if it
/// is none.
std::vector<KernelImage> ReadKernelPack(const char* data, size_t bytes);

/// What the addon has: PTX that every driver compiles, and machine code for the devices since sm_75 in the
/// format of a driver of CUDA 13.
const std::vector<KernelImage>& EmbeddedPtx();
const std::vector<KernelImage>& EmbeddedFatbins();

}  // namespace trtn::cuda
