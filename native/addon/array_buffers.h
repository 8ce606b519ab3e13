// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <napi.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "core/executable.h"

namespace trtn {

/// Memory of a typed array as it is now. Sizes are counted here: the tables of node-addon-api have no element
/// size for Float16Array. Also for arrays over a SharedArrayBuffer; a detached array has no bytes.
struct ArrayMemory {
  void* data = nullptr;
  size_t bytes = 0;
};

/// Nothing if `value` is no typed array.
std::optional<ArrayMemory> TryMemoryOf(Napi::Env env, napi_value value);
/// Throws a Napi::TypeError if `value` is no typed array.
ArrayMemory MemoryOf(Napi::Env env, napi_value value);

/// Whether this runtime lets an ArrayBuffer stand over native memory (Electron and V8's sandbox do not).
bool AllowsExternalBuffers(Napi::Env env);

/// An ArrayBuffer over `memory`, which lives until the buffer is collected. V8 counts its bytes.
Napi::ArrayBuffer ExternalBuffer(Napi::Env env, std::shared_ptr<void> memory, size_t bytes);

/// An ArrayBuffer with the content of an output in host memory: over its memory where that is allowed and
/// worth it, else a copy, whose bytes are added to `copied_bytes`.
Napi::ArrayBuffer OutputBuffer(Napi::Env env, OwnedOutput output, bool allow_external,
                               uint64_t& copied_bytes);

/// Whether native threads may use an array's memory while JavaScript goes on: shared memory lasts as long as
/// the array is reachable, and memory of ours as long as `owner`, which this sets. All other memory goes away
/// under them when its buffer is transferred or resized; Node-API cannot keep it.
bool LastsDuringCall(Napi::Env env, napi_value array, std::shared_ptr<void>& owner);

/// Takes the memory away from all views of `buffer`; nothing if that has happened already.
void Detach(Napi::Env env, Napi::ArrayBuffer buffer);

}  // namespace trtn
