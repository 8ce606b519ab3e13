// SPDX-License-Identifier: Apache-2.0
#include "addon/background.h"

#include <exception>
#include <memory>
#include <thread>
#include <utility>

#include "addon/errors.h"

namespace trtn {
namespace {

class BackgroundJob : public std::enable_shared_from_this<BackgroundJob> {
 public:
  BackgroundJob(Napi::Env env, BackgroundWork work)
      : completions_(Completions::Of(env)),
        work_(std::move(work)),
        deferred_(Napi::Promise::Deferred::New(env)) {}

  Napi::Promise Start(Napi::Env env) {
    const auto self = shared_from_this();
    completions_->BeginWork(env);
    stopper_ = completions_->AddStopper([self] { self->Stop(); });
    try {
      thread_ = std::thread([self] { self->RunThread(); });
    } catch (const std::exception&) {
      failure_ = std::current_exception();
      Settle(env);
    }
    return deferred_.Promise();
  }

 private:
  void RunThread() {
    try {
      converter_ = work_.run();
    } catch (...) {
      failure_ = std::current_exception();
    }
    completions_->Post([self = shared_from_this()](Napi::Env env) { self->Settle(env); });
  }

  // The environment goes away: nobody will see the result.
  void Stop() {
    if (work_.cancel) work_.cancel();
    End();
  }

  /// Joins the thread and lets go of everything that refers to JavaScript.
  void End() {
    if (thread_.joinable()) thread_.join();
    if (work_.release) work_.release();
    work_ = {};
  }

  void Settle(Napi::Env env) {
    completions_->RemoveStopper(stopper_);
    End();
    completions_->EndWork(env);
    const BackgroundWork::Converter converter = std::move(converter_);
    try {
      if (failure_) std::rethrow_exception(failure_);
      deferred_.Resolve(converter(env));
    } catch (...) {
      deferred_.Reject(ToErrorValue(env, std::current_exception()));
    }
  }

  const std::shared_ptr<Completions> completions_;
  BackgroundWork work_;
  Napi::Promise::Deferred deferred_;
  Completions::StopperId stopper_ = 0;
  std::thread thread_;
  BackgroundWork::Converter converter_;
  std::exception_ptr failure_;
};

}  // namespace

Napi::Promise RunInBackground(Napi::Env env, BackgroundWork work) {
  return std::make_shared<BackgroundJob>(env, std::move(work))->Start(env);
}

}  // namespace trtn
