// SPDX-License-Identifier: Apache-2.0
//
// TRTN_SIMD_CLONES before a function compiles its loops twice on x86-64, for AVX2 (x86-64-v3) and for every
// machine; the first call picks what the processor has. The results are the same bits: operators are compiled
// without contraction, and vectors round as scalars do. Loops of restrict pointers, without calls that are
// not inlined.
//
// Not where sanitizers or the emulator instrument the code: the choice is made before their start-up has run.
#pragma once

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define TRTN_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define TRTN_SANITIZED 1
#endif
#endif

#if defined(__x86_64__) && defined(__linux__) && defined(__GNUC__) && !defined(TRTN_SANITIZED) && \
    !defined(TRTN_EMULATE)
#define TRTN_SIMD_CLONES __attribute__((target_clones("arch=x86-64-v3", "default")))
#else
#define TRTN_SIMD_CLONES
#endif

/// Pointers that no other of the loop overlaps.
#define TRTN_RESTRICT __restrict__
