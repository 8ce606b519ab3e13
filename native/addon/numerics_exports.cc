// SPDX-License-Identifier: Apache-2.0
#include "addon/numerics_exports.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <limits>
#include <memory>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "addon/array_buffers.h"
#include "addon/async.h"
#include "addon/background.h"
#include "addon/errors.h"
#include "core/error.h"
#include "numerics/clusters/k_means.h"
#include "numerics/matrices/cholesky.h"
#include "numerics/matrices/matrix_product.h"
#include "numerics/matrices/singular_values.h"
#include "ops/thread_pool.h"

namespace trtn {
namespace {

using numerics::Strided;

/// Threads that end their work early when the environment goes away.
class StoppableWorkers final : public ops::Workers {
 public:
  StoppableWorkers(ops::ThreadPool& pool, const std::atomic<bool>& is_stopped)
      : workers_(pool), is_stopped_(is_stopped) {}
  int threads() const override { return workers_.threads(); }
  void ParallelFor(int64_t count, int64_t grain, const std::function<void(int64_t, int64_t)>& body) override {
    if (is_stopped_) throw Error("ERR_TRT_RUN_CLOSED", "This thread of JavaScript is ending.");
    workers_.ParallelFor(count, grain, body);
  }

 private:
  ops::PoolWorkers workers_;
  const std::atomic<bool>& is_stopped_;
};

/// What a call does with an array.
enum class Use {
  kRead,
  /// Reads and writes it.
  kChange,
  /// Writes what is the call's own until its promise settles: no other code has the array before.
  kMake
};

/// Memory of an array as it is now. Node-API tells the length of an array that its buffer, made smaller, does
/// not hold any more: it has none here.
ArrayMemory HeldMemoryOf(Napi::Env env, napi_value array) {
  const ArrayMemory memory = MemoryOf(env, array);
  napi_value buffer = nullptr;
  size_t offset = 0, bytes = 0;
  void* data = nullptr;
  napi_get_typedarray_info(env, array, nullptr, nullptr, nullptr, &buffer, &offset);
  // Shared buffers only grow; Node 20 does not tell their size.
  if (napi_get_arraybuffer_info(env, buffer, &data, &bytes) != napi_ok) return memory;
  return offset + memory.bytes <= bytes ? memory : ArrayMemory{};
}

/// A copy that was changed in the place of an array.
struct ChangedCopy {
  Napi::ObjectReference array;
  std::shared_ptr<void> copy;
  size_t bytes;
};

/// Arguments of one call. Node-API cannot keep the memory of an array whose buffer is transferred or resized
/// meanwhile: what JavaScript can do that to is copied, all else is used as it is and kept until the work is
/// done.
class NumericsCall {
 public:
  explicit NumericsCall(const Napi::CallbackInfo& info) : info_(info) {}

  /// The argument's elements, of which there must be `count`. Null for undefined where that is allowed.
  template <class Element>
  Element* Array(size_t index, int64_t count, Use use = Use::kRead, bool is_optional = false) {
    const Napi::Value value = info_[index];
    if (is_optional && value.IsUndefined()) return nullptr;
    const ArrayMemory memory = HeldMemoryOf(info_.Env(), value);
    // TypeScript has said more about it; here nothing is read that is not there.
    if (memory.bytes != static_cast<size_t>(count) * sizeof(Element))
      throw Error("ERR_TRT_ARG_VALUE", "Expected an array of " + std::to_string(count) + " elements, got " +
                                           std::to_string(memory.bytes) + " bytes.");
    std::shared_ptr<void> owner;
    if (memory.bytes == 0 || use == Use::kMake || LastsDuringCall(info_.Env(), value, owner)) {
      kept_->arrays.push_back(Napi::Persistent(value.As<Napi::Object>()));
      kept_->memory.push_back(std::move(owner));
      return static_cast<Element*>(memory.data);
    }
    const std::shared_ptr<void> copy(std::malloc(memory.bytes), std::free);
    if (copy == nullptr) throw std::bad_alloc();
    std::memcpy(copy.get(), memory.data, memory.bytes);
    kept_->memory.push_back(copy);
    if (use == Use::kChange)
      changed_->push_back({Napi::Persistent(value.As<Napi::Object>()), copy, memory.bytes});
    return static_cast<Element*>(copy.get());
  }

  int64_t Size(size_t index) const {
    const int64_t value = info_[index].As<Napi::Number>().Int64Value();
    // Products of two sizes and the size of a double stay within 64 bits.
    if (value < 0 || value > (int64_t{1} << 30)) throw Error("ERR_TRT_ARG_VALUE", "Expected a size.");
    return value;
  }

  /// Elements of an array of any length, in rows of `size`.
  int64_t Rows(size_t index, int64_t size) const {
    const ArrayMemory memory = MemoryOf(info_.Env(), info_[index]);
    return size == 0 ? 0 : static_cast<int64_t>(memory.bytes / sizeof(float)) / size;
  }

  Napi::Value operator[](size_t index) const { return info_[index]; }
  Napi::Env env() const { return info_.Env(); }

  struct Kept {
    std::vector<Napi::ObjectReference> arrays;
    std::vector<std::shared_ptr<void>> memory;
  };
  const std::shared_ptr<Kept>& kept() const { return kept_; }
  const std::shared_ptr<std::vector<ChangedCopy>>& changed() const { return changed_; }

 private:
  const Napi::CallbackInfo& info_;
  const std::shared_ptr<Kept> kept_ = std::make_shared<Kept>();
  const std::shared_ptr<std::vector<ChangedCopy>> changed_ = std::make_shared<std::vector<ChangedCopy>>();
};

using Converter = BackgroundWork::Converter;
/// What is computed, on a thread of the addon.
using Job = std::function<Converter(ops::Workers&)>;

/// Gives arrays what was made of their copies. None of them, if one has become another array.
void WriteBack(Napi::Env env, const std::vector<ChangedCopy>& changed) {
  for (const ChangedCopy& one : changed) {
    const size_t bytes = HeldMemoryOf(env, one.array.Value()).bytes;
    if (bytes != one.bytes)
      throw Error("ERR_TRT_ARG_VALUE",
                  "An array was transferred or resized before its call was done: it had " +
                      std::to_string(one.bytes) + " bytes, now " + std::to_string(bytes) + ".");
  }
  for (const ChangedCopy& one : changed)
    std::memcpy(MemoryOf(env, one.array.Value()).data, one.copy.get(), one.bytes);
}

Napi::Value Undefined(Napi::Env env) { return env.Undefined(); }

Job GramJob(NumericsCall& call) {
  const int64_t size = call.Size(2), count = call.Rows(1, size);
  auto* gram = call.Array<double>(0, size * size, Use::kChange);
  const auto* samples = call.Array<float>(1, count * size);
  return [=](ops::Workers& workers) -> Converter {
    numerics::AddGram(workers, gram, samples, count, size);
    return Undefined;
  };
}

Job CrossProductJob(NumericsCall& call) {
  const int64_t left = call.Size(3), right = call.Size(4), count = call.Rows(1, left);
  auto* product = call.Array<double>(0, left * right, Use::kChange);
  const auto* x = call.Array<float>(1, count * left);
  const auto* y = call.Array<float>(2, count * right);
  return [=](ops::Workers& workers) -> Converter {
    numerics::AddProduct(workers, {left, count, right}, 1, Strided<float>{x, 1, left},
                         Strided<float>{y, right, 1}, product, right);
    return Undefined;
  };
}

Job MultiplyJob(NumericsCall& call) {
  const int64_t rows = call.Size(3), inner = call.Size(4), columns = call.Size(5);
  const bool transpose_a = call[6].ToBoolean(), transpose_b = call[7].ToBoolean();
  const auto* a = call.Array<double>(0, rows * inner);
  const auto* b = call.Array<double>(1, inner * columns);
  auto* product = call.Array<double>(2, rows * columns, Use::kMake);
  return [=](ops::Workers& workers) -> Converter {
    const Strided<double> left = transpose_a ? Strided<double>{a, 1, rows} : Strided<double>{a, inner, 1};
    const Strided<double> right = transpose_b ? Strided<double>{b, 1, inner} : Strided<double>{b, columns, 1};
    numerics::AddProduct(workers, {rows, inner, columns}, 1, left, right, product, columns);
    return Undefined;
  };
}

Job CholeskyJob(NumericsCall& call) {
  const int64_t size = call.Size(1);
  auto* a = call.Array<double>(0, size * size, Use::kChange);
  return [=](ops::Workers& workers) -> Converter {
    const bool is_definite = numerics::Cholesky(workers, a, size);
    return [is_definite](Napi::Env env) -> Napi::Value { return Napi::Boolean::New(env, is_definite); };
  };
}

Job TriangularJob(NumericsCall& call) {
  const int64_t size = call.Size(2), columns = call.Size(3);
  const bool is_transposed = call[4].ToBoolean();
  const auto* l = call.Array<double>(0, size * size);
  auto* b = call.Array<double>(1, size * columns, Use::kChange);
  return [=](ops::Workers& workers) -> Converter {
    numerics::SolveTriangular(workers, l, b, size, columns, is_transposed);
    return Undefined;
  };
}

Job SvdJob(NumericsCall& call) {
  const int64_t rows = call.Size(4), columns = call.Size(5), count = std::min(rows, columns);
  const auto* a = call.Array<double>(0, rows * columns);
  numerics::SvdResult result{};
  result.u = call.Array<double>(1, rows * count, Use::kMake);
  result.s = call.Array<double>(2, count, Use::kMake);
  result.vt = call.Array<double>(3, count * columns, Use::kMake);
  return [=](ops::Workers& workers) -> Converter {
    numerics::SingularValues(workers, a, rows, columns, result);
    return Undefined;
  };
}

Job KMeansJob(NumericsCall& call) {
  const auto options = call[4].As<Napi::Object>();
  const auto number = [&](const char* key) { return options.Get(key).As<Napi::Number>().Int64Value(); };
  numerics::KMeansRequest request;
  request.count = call.Rows(0, 1);
  request.values = call.Array<float>(0, request.count);
  request.weights = call.Array<float>(1, request.count, Use::kRead, true);
  request.clusters = number("clusters");
  request.seed = static_cast<uint32_t>(number("seed"));
  const std::string method = options.Get("method").As<Napi::String>();
  request.method = method == "exact"   ? numerics::KMeansMethod::kExact
                   : method == "lloyd" ? numerics::KMeansMethod::kLloyd
                                       : numerics::KMeansMethod::kAuto;
  request.exact_limit = number("exactLimit");
  request.exact_most = number("exactMost");
  auto* centers = call.Array<float>(2, request.clusters, Use::kMake);
  auto* indices = call.Array<uint16_t>(3, request.count, Use::kMake);
  // Positions have 32 bits.
  if (request.count < 1 || request.count > std::numeric_limits<uint32_t>::max() || request.clusters < 1)
    throw Error("ERR_TRT_ARG_VALUE", "Expected from 1 to 4,294,967,295 values and at least 1 cluster.");
  return [=](ops::Workers& workers) -> Converter {
    const numerics::KMeansResult result = numerics::KMeans(workers, request, centers, indices);
    return [result](Napi::Env env) -> Napi::Value {
      Napi::Object made = Napi::Object::New(env);
      made.Set("clusters", static_cast<double>(result.clusters));
      made.Set("error", result.error);
      return made;
    };
  };
}

Napi::Value Start(const Napi::CallbackInfo& info, Job (*make)(NumericsCall&),
                  const std::shared_ptr<ops::ThreadPool>& pool) {
  NumericsCall call(info);
  Job job;
  try {
    job = make(call);
  } catch (const Error& error) {
    ThrowToJs(info.Env(), error);
    return info.Env().Undefined();
  }
  const auto is_stopped = std::make_shared<std::atomic<bool>>(false);
  BackgroundWork work;
  const auto changed = call.changed();
  work.run = [job = std::move(job), pool, is_stopped, changed]() -> Converter {
    StoppableWorkers workers(*pool, *is_stopped);
    Converter convert = job(workers);
    return [convert = std::move(convert), changed](Napi::Env env) {
      const std::vector<ChangedCopy> copies = std::move(*changed);
      WriteBack(env, copies);
      return convert(env);
    };
  };
  work.cancel = [is_stopped] { *is_stopped = true; };
  // What is written back is released by the converter, which an environment that goes away does not call.
  work.release = [kept = call.kept(), is_stopped, changed] {
    *kept = {};
    if (*is_stopped) changed->clear();
  };
  return RunInBackground(info.Env(), std::move(work));
}

}  // namespace

void RegisterNumerics(Napi::Env env, Napi::Object exports) {
  const auto pool = std::make_shared<ops::ThreadPool>();
  // Registered before any work, hence stopped after all of it.
  Completions::Of(env)->AddStopper([pool] { pool->Stop(); });
  Napi::Object numerics = Napi::Object::New(env);
  const auto add = [&](const char* name, Job (*make)(NumericsCall&)) {
    const auto start = [make, pool](const Napi::CallbackInfo& info) { return Start(info, make, pool); };
    numerics.Set(name, Napi::Function::New(env, start, name));
  };
  add("addGram", GramJob);
  add("addCrossProduct", CrossProductJob);
  add("multiply", MultiplyJob);
  add("cholesky", CholeskyJob);
  add("solveTriangular", TriangularJob);
  add("svd", SvdJob);
  add("kMeans", KMeansJob);
  exports.Set("numerics", numerics);
}

}  // namespace trtn
