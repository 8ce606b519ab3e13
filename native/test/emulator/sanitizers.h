// SPDX-License-Identifier: Apache-2.0
//
// TRTN_ASAN, TRTN_TSAN: defined where the address or the thread sanitizer instruments the code. GCC and clang
// say so in different ways.
#pragma once

#if defined(__SANITIZE_ADDRESS__)
#define TRTN_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TRTN_ASAN 1
#endif
#endif

#if defined(__SANITIZE_THREAD__)
#define TRTN_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define TRTN_TSAN 1
#endif
#endif
