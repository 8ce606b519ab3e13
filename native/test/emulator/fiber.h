// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ucontext.h>

#include <cstddef>

namespace trtn::emulator {

/// A flow of control with a stack of its own, on whatever thread switches to it. The sanitizers are told: for
/// the thread sanitizer it is a thread, and a switch orders nothing.
class Fiber {
 public:
  /// Of the calling thread's own stack: where to come back to.
  Fiber();
  /// Will run `entry(argument)`, which never returns, at the first switch.
  Fiber(char* stack, size_t bytes, void (*entry)(void*), void* argument);
  ~Fiber();
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  /// Goes on with `next`; comes back when somebody switches to this one, which is the running one.
  void SwitchTo(Fiber& next);

 private:
  static void Start();
  void Arrive();

  void* stack_pointer_ = nullptr;
  ucontext_t context_{};
  void (*entry_)(void*) = nullptr;
  void* argument_ = nullptr;
  // What the sanitizers know the fiber by.
  const void* stack_ = nullptr;
  size_t stack_bytes_ = 0;
  void* fake_stack_ = nullptr;
  void* sanitizer_fiber_ = nullptr;
};

/// For the thread sanitizer: all that came before Release() on the object comes before what follows
/// Acquire().
void Release(void* object);
void Acquire(void* object);
/// Whether fibers are told apart, so that running kernels as plain calls would hide their races.
extern const bool kSeesRaces;

}  // namespace trtn::emulator
