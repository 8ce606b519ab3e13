// SPDX-License-Identifier: Apache-2.0
#include "addon/session_calls.h"

#include <utility>

#include "addon/errors.h"

namespace trtn {

namespace {

class DeliverTask : public Task {
 public:
  explicit DeliverTask(std::shared_ptr<Delivery> delivery) : delivery_(std::move(delivery)) {}
  ~DeliverTask() override {
    if (delivery_ != nullptr) delivery_->Drop();
  }
  void Run(Napi::Env env) override { std::exchange(delivery_, nullptr)->Deliver(env); }

 private:
  /// Null once it has run.
  std::shared_ptr<Delivery> delivery_;
};

/// Sets two elements of the batch: error and result. What stays a hole reads as undefined and costs nothing.
void SetOutcome(Napi::Env env, Napi::Array batch, uint32_t index, SessionCall& call) {
  std::exception_ptr error = call.error();
  if (!error) {
    try {
      const Napi::Value result = call.Result(env);
      if (!result.IsEmpty()) batch.Set(index + 1, result);
      return;
    } catch (...) {
      error = std::current_exception();
    }
  }
  batch.Set(index, ToErrorValue(env, error));
}

}  // namespace

Delivery::Delivery(std::shared_ptr<Completions> completions, Napi::Function on_finished)
    : completions_(std::move(completions)), on_finished_(Napi::Persistent(on_finished)) {}

void Delivery::Add(std::shared_ptr<SessionCall> call) noexcept {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    finished_.push_back(std::move(call));
    if (std::exchange(is_posted_, true)) return;
  }
  completions_->Post(std::make_unique<DeliverTask>(shared_from_this()));
}

void Delivery::Drop() noexcept {
  // Declared first: the calls go after the lock.
  std::vector<std::shared_ptr<SessionCall>> dropped;
  std::lock_guard<std::mutex> lock(mutex_);
  dropped.swap(finished_);
}

void Delivery::Deliver(Napi::Env env) {
  std::vector<std::shared_ptr<SessionCall>> finished;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    is_posted_ = false;
    finished.swap(finished_);
  }
  Napi::Array batch = Napi::Array::New(env, finished.size() * 3);
  uint32_t index = 0;
  for (const std::shared_ptr<SessionCall>& call : finished) {
    call->OnDelivery();
    batch.Set(index, Napi::Number::New(env, static_cast<double>(call->id())));
    SetOutcome(env, batch, index + 1, *call);
    index += 3;
    completions_->EndWork(env);
  }
  on_finished_.Call({batch});
}

void RunCall::Execute(ExecutionContext& context) {
  try {
    Run(context);
  } catch (...) {
    ReleaseInputs();
    throw;
  }
  ReleaseInputs();
}

void RunCall::ReleaseInputs() {
  // For the next call, rather than when JavaScript gets to this one; and device memory is not given back on
  // the event loop.
  staging.Release();
  device_inputs.clear();
}

Napi::Value RunCall::Result(Napi::Env env) { return MakeOutputs(env); }

Napi::Value RunCall::MakeOutputs(Napi::Env env) {
  Napi::Array made;
  for (uint32_t i = 0; i < outputs.size(); ++i) {
    OwnedOutput& owned = outputs[i].owned;
    if (owned.owner == nullptr) continue;
    if (made.IsEmpty()) made = Napi::Array::New(env, outputs.size());
    made.Set(i, maker_->MakeOutput(env, std::move(owned)));
  }
  return made;
}

}  // namespace trtn
