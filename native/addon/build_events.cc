// SPDX-License-Identifier: Apache-2.0
#include "addon/build_events.h"

#include <utility>

#include "addon/errors.h"

namespace trtn {
namespace {

Napi::Object ToJs(Napi::Env env, const BuildProgress& progress) {
  Napi::Object object = Napi::Object::New(env);
  object["kind"] = "progress";
  object["phase"] = progress.phase;
  object["parent"] = progress.parent;
  object["step"] = progress.step;
  object["steps"] = progress.steps;
  object["finished"] = progress.finished;
  return object;
}

Napi::Object ToJs(Napi::Env env, const LogLine& line) {
  Napi::Object object = Napi::Object::New(env);
  object["kind"] = "log";
  object["line"] = ToJsLogLine(env, line);
  return object;
}

}  // namespace

BuildEvents::BuildEvents(Napi::Env env, Napi::Function callback)
    : completions_(Completions::Of(env)), callback_(Napi::Persistent(callback)) {}

void BuildEvents::Add(const BuildProgress& progress) {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    const auto [found, is_new] = phases_.emplace(progress.phase, events_.size());
    if (is_new) {
      events_.push_back(progress);
    } else {
      events_[found->second] = progress;
    }
    if (!MustPost()) return;
  }
  Post();
}

void BuildEvents::Add(const LogLine& line) {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    events_.push_back(line);
    if (!MustPost()) return;
  }
  Post();
}

bool BuildEvents::MustPost() { return !std::exchange(posted_, true); }

void BuildEvents::Post() {
  completions_->Post([self = shared_from_this()](Napi::Env env) { self->Deliver(env); });
}

void BuildEvents::Deliver(Napi::Env env) {
  std::vector<Event> events;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    events.swap(events_);
    phases_.clear();
    posted_ = false;
  }
  if (events.empty() || callback_.IsEmpty()) return;
  Napi::Array list = Napi::Array::New(env, events.size());
  for (size_t i = 0; i < events.size(); i++) {
    list[static_cast<uint32_t>(i)] =
        std::visit([&](const auto& event) { return ToJs(env, event); }, events[i]);
  }
  try {
    callback_.Call({list});
  } catch (const Napi::Error& error) {
    // A listener that throws is the program's bug, not the build's: the promise still settles.
    napi_fatal_exception(env, error.Value());
  }
}

void BuildEvents::Flush(Napi::Env env) {
  Deliver(env);
  Close();
}

void BuildEvents::Close() { callback_.Reset(); }

}  // namespace trtn
