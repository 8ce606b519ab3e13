// SPDX-License-Identifier: Apache-2.0
#include "addon/array_buffers.h"

#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <utility>

namespace trtn {

namespace {

/// Below this a copy is cheaper than a buffer with a finaliser (0.5 µs against 2-5 µs).
constexpr size_t kCopyLimit = 4096;

void Require(Napi::Env env, napi_status status) {
  if (status != napi_ok) throw Napi::Error::New(env);
}

/// napi_float16_array, newer than the headers.
constexpr int kFloat16Array = 11;

size_t ElementBytes(napi_typedarray_type type) {
  switch (static_cast<int>(type)) {
    case napi_int8_array:
    case napi_uint8_array:
    case napi_uint8_clamped_array:
      return 1;
    case napi_int16_array:
    case napi_uint16_array:
    case kFloat16Array:
      return 2;
    case napi_int32_array:
    case napi_uint32_array:
    case napi_float32_array:
      return 4;
    case napi_float64_array:
    case napi_bigint64_array:
    case napi_biguint64_array:
      return 8;
    default:
      // A type that is newer than this code: no bytes of it are read.
      return 0;
  }
}

using Holder = std::shared_ptr<void>;

/// The memory under buffers that ExternalBuffer() made, by its address. Of the process: on newer versions of
/// Node such a buffer may move to another thread.
class ExposedMemory {
 public:
  static ExposedMemory& Instance() {
    // Never destroyed: finalisers may run after static destructors.
    static auto* instance = new ExposedMemory();
    return *instance;
  }
  void Add(Holder* holder) {
    const std::lock_guard<std::mutex> lock(mutex_);
    holders_.emplace(holder->get(), holder);
  }
  void Remove(const Holder* holder) {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto [first, last] = holders_.equal_range(holder->get());
    for (auto it = first; it != last; ++it) {
      if (it->second == holder) return void(holders_.erase(it));
    }
  }
  /// Null for memory that is not ours.
  std::shared_ptr<void> OwnerOf(void* data) {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto found = holders_.find(data);
    return found == holders_.end() ? nullptr : *found->second;
  }

 private:
  std::mutex mutex_;
  std::multimap<void*, Holder*> holders_;
};

void DropHolder(napi_env, void*, void* hint) {
  auto* holder = static_cast<Holder*>(hint);
  ExposedMemory::Instance().Remove(holder);
  delete holder;
}

/// After a failed creation. Where Node refuses for another reason than its policy (a buffer beyond its
/// largest size) it has run the finaliser.
void DropRefused(Holder* holder, napi_status status) {
  if (status == napi_no_external_buffers_allowed) DropHolder(nullptr, nullptr, holder);
}

}  // namespace

std::optional<ArrayMemory> TryMemoryOf(Napi::Env env, napi_value value) {
  // Versions of Node that have Float16Array, but not yet in Node-API, leave the type as it was.
  auto type = static_cast<napi_typedarray_type>(kFloat16Array);
  size_t length = 0;
  ArrayMemory memory;
  // Not through the ArrayBuffer's handle: napi_get_arraybuffer_info refuses a SharedArrayBuffer on Node 20.
  if (napi_get_typedarray_info(env, value, &type, &length, &memory.data, nullptr, nullptr) != napi_ok) {
    return std::nullopt;
  }
  memory.bytes = length * ElementBytes(type);
  return memory;
}

ArrayMemory MemoryOf(Napi::Env env, napi_value value) {
  if (const auto memory = TryMemoryOf(env, value)) return *memory;
  throw Napi::TypeError::New(env, "Expected a typed array");
}

bool AllowsExternalBuffers(Napi::Env env) {
  auto* holder = new Holder(std::malloc(64), std::free);
  napi_value buffer;
  const napi_status status =
      napi_create_external_arraybuffer(env, holder->get(), 64, DropHolder, holder, &buffer);
  if (status == napi_ok) return true;
  DropRefused(holder, status);
  // The refusal may leave an exception behind.
  napi_value pending;
  napi_get_and_clear_last_exception(env, &pending);
  return false;
}

Napi::ArrayBuffer ExternalBuffer(Napi::Env env, std::shared_ptr<void> memory, size_t bytes) {
  if (bytes == 0) return Napi::ArrayBuffer::New(env, 0);
  void* data = memory.get();
  auto* holder = new Holder(std::move(memory));
  ExposedMemory::Instance().Add(holder);
  napi_value buffer;
  const napi_status status = napi_create_external_arraybuffer(env, data, bytes, DropHolder, holder, &buffer);
  if (status != napi_ok) {
    DropRefused(holder, status);
    throw Napi::Error::New(env);
  }
  return Napi::ArrayBuffer(env, buffer);
}

Napi::ArrayBuffer OutputBuffer(Napi::Env env, OwnedOutput output, bool allow_external,
                               uint64_t& copied_bytes) {
  const size_t bytes = output.view.bytes;
  if (!allow_external || bytes <= kCopyLimit) {
    Napi::ArrayBuffer copy = Napi::ArrayBuffer::New(env, bytes);
    if (bytes > 0) std::memcpy(copy.Data(), output.view.data, bytes);
    copied_bytes += bytes;
    return copy;
  }
  return ExternalBuffer(env, std::shared_ptr<void>(output.owner, output.view.data), bytes);
}

bool LastsDuringCall(Napi::Env env, napi_value array, std::shared_ptr<void>& owner) {
  napi_value buffer = nullptr;
  Require(env, napi_get_typedarray_info(env, array, nullptr, nullptr, nullptr, &buffer, nullptr));
  bool is_array_buffer = false;
  Require(env, napi_is_arraybuffer(env, buffer, &is_array_buffer));
  if (!is_array_buffer) return true;
  void* data = nullptr;
  size_t bytes = 0;
  Require(env, napi_get_arraybuffer_info(env, buffer, &data, &bytes));
  if (data != nullptr) owner = ExposedMemory::Instance().OwnerOf(data);
  return owner != nullptr;
}

void Detach(Napi::Env env, Napi::ArrayBuffer buffer) {
  bool is_detached = false;
  Require(env, napi_is_detached_arraybuffer(env, buffer, &is_detached));
  if (!is_detached) Require(env, napi_detach_arraybuffer(env, buffer));
}

}  // namespace trtn
