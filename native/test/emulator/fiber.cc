// SPDX-License-Identifier: Apache-2.0
#include "test/emulator/fiber.h"

#include "ops/emulator.h"
#include "test/emulator/sanitizers.h"

// The sanitizers' own interface; not every compiler has the headers.
extern "C" {
#ifdef TRTN_ASAN
void __sanitizer_start_switch_fiber(void** fake_stack_save, const void* bottom, size_t size);
void __sanitizer_finish_switch_fiber(void* fake_stack_save, const void** bottom_old, size_t* size_old);
#endif
#ifdef TRTN_TSAN
void* __tsan_get_current_fiber(void);
void* __tsan_create_fiber(unsigned flags);
void __tsan_destroy_fiber(void* fiber);
void __tsan_switch_to_fiber(void* fiber, unsigned flags);
void __tsan_acquire(void* address);
void __tsan_release(void* address);
#endif
}

// swapcontext() asks the kernel for the signal mask at each switch, and the address sanitizer's clears the
// shadow of the whole stack: tests of barriers switch millions of times.
#if defined(__x86_64__)
#define TRTN_OWN_SWITCH 1
extern "C" void trtn_emulator_switch(void** from, void* to);
asm(R"(
  .text
  .hidden trtn_emulator_switch
  .globl trtn_emulator_switch
  .type trtn_emulator_switch, @function
trtn_emulator_switch:
  push %rbp
  push %rbx
  push %r12
  push %r13
  push %r14
  push %r15
  mov %rsp, (%rdi)
  mov %rsi, %rsp
  pop %r15
  pop %r14
  pop %r13
  pop %r12
  pop %rbx
  pop %rbp
  ret
  .size trtn_emulator_switch, .-trtn_emulator_switch
)");
#else
#define TRTN_OWN_SWITCH 0
#endif

namespace trtn::emulator {
namespace {

// The fibers of the last switch, for the side that arrives.
__thread Fiber* t_from __attribute__((tls_model("initial-exec"))) = nullptr;
__thread Fiber* t_to __attribute__((tls_model("initial-exec"))) = nullptr;

}  // namespace

#ifdef TRTN_TSAN
const bool kSeesRaces = true;
void Release(void* object) { __tsan_release(object); }
void Acquire(void* object) { __tsan_acquire(object); }
#else
const bool kSeesRaces = false;
void Release(void*) {}
void Acquire(void*) {}
#endif

Fiber::Fiber() {
#ifdef TRTN_TSAN
  sanitizer_fiber_ = __tsan_get_current_fiber();
#endif
}

Fiber::Fiber(char* stack, size_t bytes, void (*entry)(void*), void* argument)
    : entry_(entry), argument_(argument), stack_(stack), stack_bytes_(bytes) {
#ifdef TRTN_TSAN
  sanitizer_fiber_ = __tsan_create_fiber(0);
#endif
#if TRTN_OWN_SWITCH
  // As if Start() had been called: six registers, the address to go on at, and a return address of nobody.
  void** top = reinterpret_cast<void**>(stack + bytes) - 1;
  *--top = reinterpret_cast<void*>(&Fiber::Start);
  stack_pointer_ = top - 6;
#else
  getcontext(&context_);
  context_.uc_stack.ss_sp = stack;
  context_.uc_stack.ss_size = bytes;
  context_.uc_link = nullptr;
  makecontext(&context_, &Fiber::Start, 0);
#endif
}

Fiber::~Fiber() {
#ifdef TRTN_TSAN
  if (entry_ != nullptr) __tsan_destroy_fiber(sanitizer_fiber_);
#endif
}

TRTN_UNSEEN void Fiber::Start() {
  Fiber* self = t_to;
  self->Arrive();
  self->entry_(self->argument_);
}

// Not inlined: the thread that goes on may be another one than before, and an address of its storage too.
TRTN_UNSEEN __attribute__((noinline)) void Fiber::Arrive() {
#ifdef TRTN_ASAN
  const void* bottom = nullptr;
  size_t bytes = 0;
  __sanitizer_finish_switch_fiber(fake_stack_, &bottom, &bytes);
  // The only way to learn the bounds of a stack that a thread came with.
  if (t_from->stack_ == nullptr) {
    t_from->stack_ = bottom;
    t_from->stack_bytes_ = bytes;
  }
#endif
}

TRTN_UNSEEN void Fiber::SwitchTo(Fiber& next) {
  t_from = this;
  t_to = &next;
#ifdef TRTN_ASAN
  __sanitizer_start_switch_fiber(&fake_stack_, next.stack_, next.stack_bytes_);
#endif
#ifdef TRTN_TSAN
  constexpr unsigned kNoSync = 1;
  __tsan_switch_to_fiber(next.sanitizer_fiber_, kNoSync);
#endif
#if TRTN_OWN_SWITCH
  trtn_emulator_switch(&stack_pointer_, next.stack_pointer_);
#else
  swapcontext(&context_, &next.context_);
#endif
  Arrive();
}

}  // namespace trtn::emulator
