// SPDX-License-Identifier: Apache-2.0
//
// native/ops/generated in the addon's read-only data. The build gives TRTN_KERNELS_DIR, the folder's path.
#include "cuda/kernel_pack.h"

#define TRTN_EMBED(symbol, file)                                                                       \
  asm(".pushsection .rodata\n.balign 16\n.hidden " #symbol "_begin\n.hidden " #symbol                  \
      "_end\n.globl " #symbol "_begin\n.globl " #symbol "_end\n" #symbol                               \
      "_begin:\n.incbin \"" TRTN_KERNELS_DIR "/" file "\"\n" #symbol "_end:\n.byte 0\n.popsection\n"); \
  extern "C" const char symbol##_begin[], symbol##_end[]

TRTN_EMBED(trtn_kernels_ptx, "kernels.ptx.pack");
TRTN_EMBED(trtn_kernels_fatbin, "kernels.fatbin.pack");

namespace trtn::cuda {

// Never destroyed: sessions of other threads may still run while the process ends.
const std::vector<KernelImage>& EmbeddedPtx() {
  static const auto* images = new std::vector<KernelImage>(ReadKernelPack(
      trtn_kernels_ptx_begin, static_cast<size_t>(trtn_kernels_ptx_end - trtn_kernels_ptx_begin)));
  return *images;
}

const std::vector<KernelImage>& EmbeddedFatbins() {
  static const auto* images = new std::vector<KernelImage>(ReadKernelPack(
      trtn_kernels_fatbin_begin, static_cast<size_t>(trtn_kernels_fatbin_end - trtn_kernels_fatbin_begin)));
  return *images;
}

}  // namespace trtn::cuda
