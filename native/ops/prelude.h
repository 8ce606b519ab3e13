// SPDX-License-Identifier: Apache-2.0
//
// What a kernel may use, for the compilers that read it: nvcc, clang without any CUDA header (PTX that old
// drivers load), and the host's compiler, which runs kernels thread by thread (TRTN_EMULATE) and compiles the
// CPU twins.
//
// A kernel is written
//
//   TRTN_KERNEL(softmax_rows)(trtn::ops::SoftmaxArguments arguments) {
//     TRTN_SHARED(float, partial, 256);
//     ... trtn::gpu::ThreadX(), trtn::gpu::Barrier() ...
//   }
//
// with one argument, passed by value: a plain struct of at most kMaxKernelArgument bytes whose members have
// the same size on host and device. No warp shuffles, no dynamic shared memory, no library calls: what is not
// here does not give the same bits everywhere, or cannot run on the host.
#pragma once

#if defined(__CUDA_ARCH__) || (defined(__clang__) && defined(__CUDA__))
#define TRTN_ON_DEVICE 1
#else
#define TRTN_ON_DEVICE 0
#endif

#if defined(__clang__) && defined(__CUDA__)
#define __global__ __attribute__((global))
#define __device__ __attribute__((device))
#define __host__ __attribute__((host))
#define __shared__ __attribute__((shared))
#define __launch_bounds__(...) __attribute__((launch_bounds(__VA_ARGS__)))
#endif

/// For functions that host and device share.
#if defined(__CUDACC__) || defined(__CUDA__)
#define TRTN_HD __host__ __device__ inline
#else
#define TRTN_HD inline
#endif

/// For functions of kernels alone, which may call trtn::gpu's. Always inlined: clang would keep what is used
/// twice as a function, and its structs in memory of the thread.
#if defined(__CUDACC__) || defined(__CUDA__)
#define TRTN_DEVICE __device__ inline __attribute__((always_inline))
#else
#define TRTN_DEVICE inline
#endif

/// What a loop over an array in registers needs: no index that only the running kernel knows. Otherwise the
/// array is in the thread's memory.
#if defined(__CUDACC__) || defined(__CUDA__)
#define TRTN_UNROLL _Pragma("unroll")
#else
#define TRTN_UNROLL
#endif

#if TRTN_ON_DEVICE || defined(__CUDACC__)
#define TRTN_KERNEL(name) extern "C" __global__ void trtn_##name
/// An array that the threads of a block share; `count` is a constant.
#define TRTN_SHARED(type, name, count) __shared__ type name[count]
#elif defined(TRTN_EMULATE)
#include "ops/emulator.h"
// Defines and registers the function under its name, for emulator.h's Launch().
#define TRTN_KERNEL(name) TRTN_EMULATED_KERNEL(name)
#define TRTN_SHARED(type, name, count) \
  type* const name = trtn::emulator::SharedArray<type>(#name, __LINE__, count)
#endif

#if TRTN_ON_DEVICE || defined(__CUDACC__)
namespace trtn::gpu {
#if defined(__clang__) && defined(__CUDA__)
__device__ inline unsigned ThreadX() { return __nvvm_read_ptx_sreg_tid_x(); }
__device__ inline unsigned ThreadY() { return __nvvm_read_ptx_sreg_tid_y(); }
__device__ inline unsigned BlockX() { return __nvvm_read_ptx_sreg_ctaid_x(); }
__device__ inline unsigned BlockY() { return __nvvm_read_ptx_sreg_ctaid_y(); }
__device__ inline unsigned BlockZ() { return __nvvm_read_ptx_sreg_ctaid_z(); }
__device__ inline unsigned BlockSizeX() { return __nvvm_read_ptx_sreg_ntid_x(); }
__device__ inline unsigned BlockSizeY() { return __nvvm_read_ptx_sreg_ntid_y(); }
__device__ inline unsigned GridSizeX() { return __nvvm_read_ptx_sreg_nctaid_x(); }
__device__ inline unsigned GridSizeY() { return __nvvm_read_ptx_sreg_nctaid_y(); }
__device__ inline void Barrier() { __nvvm_bar_sync(0); }
#else
__device__ inline unsigned ThreadX() { return threadIdx.x; }
__device__ inline unsigned ThreadY() { return threadIdx.y; }
__device__ inline unsigned BlockX() { return blockIdx.x; }
__device__ inline unsigned BlockY() { return blockIdx.y; }
__device__ inline unsigned BlockZ() { return blockIdx.z; }
__device__ inline unsigned BlockSizeX() { return blockDim.x; }
__device__ inline unsigned BlockSizeY() { return blockDim.y; }
__device__ inline unsigned GridSizeX() { return gridDim.x; }
__device__ inline unsigned GridSizeY() { return gridDim.y; }
__device__ inline void Barrier() { __syncthreads(); }
#endif
/// Adds to global or shared memory and gives back what was there.
__device__ inline int AtomicAdd(int* to, int value) {
  int before;
  asm volatile("atom.add.s32 %0, [%1], %2;" : "=r"(before) : "l"(to), "r"(value) : "memory");
  return before;
}
}  // namespace trtn::gpu
#endif
