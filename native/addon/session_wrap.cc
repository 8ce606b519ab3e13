// SPDX-License-Identifier: Apache-2.0
#include "addon/session_wrap.h"

#include <cstring>
#include <filesystem>
#include <utility>

#include "addon/array_buffers.h"
#include "addon/background.h"
#include "addon/binding_wrap.h"
#include "addon/convert.h"
#include "addon/errors.h"
#include "core/error.h"
#include "ort/executable.h"

namespace trtn {

namespace {

/// Staging memory kept between calls, per session.
constexpr size_t kMaxKeptStagingBytes = size_t{64} << 20;

/// The classes of one environment.
struct SessionClasses {
  Napi::FunctionReference session, binding;
};

uint64_t TicketOf(const Napi::CallbackInfo& info) {
  return static_cast<uint64_t>(info[0].As<Napi::Number>().Int64Value());
}

std::vector<int64_t> ToDims(Napi::Value value) {
  Napi::Array array = value.As<Napi::Array>();
  std::vector<int64_t> dims(array.Length());
  for (uint32_t i = 0; i < dims.size(); ++i) dims[i] = array.Get(i).As<Napi::Number>().Int64Value();
  return dims;
}

/// NativeDims: the given ones where the model leaves them open.
std::vector<std::vector<int64_t>> InputDims(const std::vector<TensorInfo>& infos, Napi::Value given) {
  std::vector<std::vector<int64_t>> dims;
  dims.reserve(infos.size());
  for (uint32_t i = 0; i < infos.size(); ++i) {
    Napi::Value one = given.IsArray() ? given.As<Napi::Array>().Get(i) : given.Env().Null();
    dims.push_back(one.IsArray() ? ToDims(one) : infos[i].dims);
  }
  return dims;
}

/// NativeSession of lib/binding/contract.ts.
class SessionWrap : public Napi::ObjectWrap<SessionWrap> {
 public:
  static Napi::Function Define(Napi::Env env) {
    return DefineClass(
        env, "NativeSession",
        {InstanceMethod<&SessionWrap::Submit>("submit"), InstanceMethod<&SessionWrap::RunSync>("runSync"),
         InstanceMethod<&SessionWrap::Withdraw>("withdraw"), InstanceMethod<&SessionWrap::Bind>("bind"),
         InstanceMethod<&SessionWrap::Close>("close")});
  }

  explicit SessionWrap(const Napi::CallbackInfo& info) : ObjectWrap(info) {}

  ~SessionWrap() override {
    if (state_ == nullptr) return;
    // A session that nobody closed: no call is in flight, since a call keeps its session.
    state_->session->Abandon();
    completions_->RemoveStopper(stopper_);
  }

  /// Called once, when the object has been made.
  void Fill(Napi::Env env, std::shared_ptr<SessionState> state, int64_t model_bytes) {
    state_ = std::move(state);
    model_bytes_ = model_bytes;
    Napi::MemoryManagement::AdjustExternalMemory(env, model_bytes_);
    completions_ = Completions::Of(env);
    stopper_ = completions_->AddStopper([session = state_->session] { session->Abandon(); });
    Napi::Object self = Value();
    self.Set("inputs", ToJs(env, state_->inputs));
    self.Set("outputs", ToJs(env, state_->outputs));
    self.Set("libraryVersion", state_->library_version);
  }

  void Finalize(Napi::BasicEnv env) override {
    // Counted once, also for a session that was closed before.
    if (model_bytes_ > 0) Napi::MemoryManagement::AdjustExternalMemory(env, -std::exchange(model_bytes_, 0));
  }

 private:
  void RequireState(Napi::Env env) const {
    if (state_ == nullptr) throw Napi::TypeError::New(env, "Illegal constructor");
  }

  std::shared_ptr<RunCall> MakeCall(const Napi::CallbackInfo& info, uint64_t ticket, size_t first);
  void ReadInputs(Napi::Env env, RunCall& call, Napi::Array arrays, Napi::Value dims);
  void ReadTargets(Napi::Env env, RunCall& call, Napi::Array targets);
  void Stage(RunCall& call);

  void Submit(const Napi::CallbackInfo& info);
  Napi::Value RunSync(const Napi::CallbackInfo& info);
  Napi::Value Withdraw(const Napi::CallbackInfo& info);
  void Bind(const Napi::CallbackInfo& info);
  void Close(const Napi::CallbackInfo& info);

  std::shared_ptr<SessionState> state_;
  std::shared_ptr<Completions> completions_;
  Completions::StopperId stopper_ = 0;
  int64_t model_bytes_ = 0;
};

std::shared_ptr<RunCall> SessionWrap::MakeCall(const Napi::CallbackInfo& info, uint64_t ticket,
                                               size_t first) {
  RequireState(info.Env());
  auto call = std::make_shared<RunCall>(ticket, state_->delivery, state_->allow_external);
  ReadInputs(info.Env(), *call, info[first].As<Napi::Array>(), info[first + 1]);
  ReadTargets(info.Env(), *call, info[first + 2].As<Napi::Array>());
  return call;
}

void SessionWrap::ReadInputs(Napi::Env env, RunCall& call, Napi::Array arrays, Napi::Value dims) {
  std::vector<std::vector<int64_t>> all_dims = InputDims(state_->inputs, dims);
  call.inputs.resize(state_->inputs.size());
  for (uint32_t i = 0; i < call.inputs.size(); ++i) {
    const TensorInfo& info = state_->inputs[i];
    TensorView& view = call.inputs[i];
    const ArrayMemory memory = MemoryOf(env, arrays.Get(i));
    view.type = info.type;
    view.dims = std::move(all_dims[i]);
    view.data = memory.data;
    view.bytes = TensorBytes(view.type, view.dims);
    // TypeScript has said this with more words; here it keeps reads inside the array.
    if (memory.bytes != view.bytes) {
      throw Error("ERR_TRT_RUN_INPUT_SIZE", "Expected " + std::to_string(view.bytes) + " bytes for input '" +
                                                info.name + "', got " + std::to_string(memory.bytes) + ".");
    }
  }
}

void SessionWrap::ReadTargets(Napi::Env env, RunCall& call, Napi::Array targets) {
  call.outputs.resize(state_->outputs.size());
  for (uint32_t i = 0; i < call.outputs.size(); ++i) {
    OutputSlot& slot = call.outputs[i];
    const Napi::Value target = targets.Get(i);
    slot.wanted = !target.IsUndefined();
    if (!slot.wanted || target.IsNull()) continue;
    const ArrayMemory memory = MemoryOf(env, target);
    slot.view.type = state_->outputs[i].type;
    slot.view.dims = state_->outputs[i].dims;
    slot.view.bytes = TensorBytes(slot.view.type, slot.view.dims);
    slot.view.data = memory.data;
    if (memory.bytes != slot.view.bytes)
      throw Error("ERR_TRT_ARG_VALUE", "An output array has a wrong size.");
  }
}

/// Copies the inputs, so that later writes, a detached or a collected array do no harm.
void SessionWrap::Stage(RunCall& call) {
  size_t total = 0;
  for (const TensorView& view : call.inputs) total += AlignUp(view.bytes);
  call.staging = state_->staging->Acquire(total);
  auto* place = static_cast<char*>(call.staging.data());
  for (TensorView& view : call.inputs) {
    if (view.bytes > 0) std::memcpy(place, view.data, view.bytes);
    view.data = place;
    place += AlignUp(view.bytes);
  }
}

void SessionWrap::Submit(const Napi::CallbackInfo& info) {
  try {
    std::shared_ptr<RunCall> call = MakeCall(info, TicketOf(info), 1);
    Stage(*call);
    state_->session->Submit(std::move(call));
  } catch (const Error& error) {
    ThrowToJs(info.Env(), error);
  }
  state_->delivery->Expect(info.Env());
}

Napi::Value SessionWrap::RunSync(const Napi::CallbackInfo& info) {
  try {
    std::shared_ptr<RunCall> call = MakeCall(info, 0, 0);
    state_->session->RunNow(*call);
    return call->Result(info.Env());
  } catch (const Error& error) {
    ThrowToJs(info.Env(), error);
  }
}

Napi::Value SessionWrap::Withdraw(const Napi::CallbackInfo& info) {
  RequireState(info.Env());
  const bool is_withdrawn = state_->session->Withdraw(TicketOf(info));
  if (is_withdrawn) state_->delivery->Forget(info.Env());
  return Napi::Boolean::New(info.Env(), is_withdrawn);
}

void SessionWrap::Bind(const Napi::CallbackInfo& info) {
  RequireState(info.Env());
  try {
    auto dims = InputDims(state_->inputs, info[1]);
    state_->session->Submit(std::make_shared<BindCall>(TicketOf(info), state_, std::move(dims)));
  } catch (const Error& error) {
    ThrowToJs(info.Env(), error);
  }
  state_->delivery->Expect(info.Env());
}

void SessionWrap::Close(const Napi::CallbackInfo& info) {
  RequireState(info.Env());
  auto closing = std::make_shared<SessionCall>(TicketOf(info), state_->delivery);
  if (state_->session->Close([closing] { closing->Finish(nullptr); })) state_->delivery->Expect(info.Env());
}

/// What a load needs and makes. The thread uses it alone until it has ended.
struct Load {
  std::string library;
  ort::ModelOptions model;
  std::vector<uint8_t> model_bytes;
  SessionOptions options;
  std::shared_ptr<SessionState> state = std::make_shared<SessionState>();
  int64_t size = 0;
};

/// On the load's thread.
void RunLoad(Load& load) {
  std::shared_ptr<Executable> executable = ort::LoadModel(load.library, load.model);
  load.state->inputs = executable->inputs();
  load.state->outputs = executable->outputs();
  load.state->library_version = ort::LibraryVersion(load.library);
  load.state->session = std::make_shared<Session>(std::move(executable), load.options);
  load.size = static_cast<int64_t>(load.model_bytes.size());
  if (load.model.model_data == nullptr) {
    std::error_code failure;
    const auto size = std::filesystem::file_size(load.model.model_path, failure);
    if (!failure) load.size = static_cast<int64_t>(size);
  }
  load.model_bytes = {};
}

void ReadModel(Napi::Env env, Napi::Value bytes, Load& load) {
  const ArrayMemory memory = MemoryOf(env, bytes);
  if (memory.bytes == 0) throw Error("ERR_TRT_RUN_MODEL", "The model has no bytes.");
  const auto* first = static_cast<const uint8_t*>(memory.data);
  // Copied: nothing keeps JavaScript from transferring the array away during the load.
  load.model_bytes.assign(first, first + memory.bytes);
  load.model.model_data = load.model_bytes.data();
  load.model.model_bytes = load.model_bytes.size();
}

void ReadRequest(Napi::Env env, Napi::Object request, Load& load) {
  load.library = RequiredString(request, "library");
  load.model.intra_op_num_threads = OptionalInt(request, "intraOpNumThreads").value_or(1);
  load.options.contexts = OptionalSize(request, "contexts").value_or(1);
  load.options.max_queue = OptionalSize(request, "maxQueue").value_or(load.options.max_queue);
  const Napi::Value bytes = request.Get("modelBytes");
  if (bytes.IsTypedArray()) {
    ReadModel(env, bytes, load);
  } else {
    load.model.model_path = RequiredString(request, "modelPath");
  }
  const Napi::Value external = request.Get("externalBuffers");
  load.state->allow_external = !(external.IsBoolean() && !external.ToBoolean()) && AllowsExternalBuffers(env);
}

Napi::Value CreateSession(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  auto* classes = static_cast<SessionClasses*>(info.Data());
  auto load = std::make_shared<Load>();
  try {
    ReadRequest(env, info[0].As<Napi::Object>(), *load);
  } catch (const Error& error) {
    ThrowToJs(env, error);
  }
  load->state->binding_class = &classes->binding;
  load->state->delivery = std::make_shared<Delivery>(Completions::Of(env), info[1].As<Napi::Function>());
  load->state->staging = std::make_shared<StagingPool>(kMaxKeptStagingBytes);
  BackgroundWork work;
  work.run = [load, classes]() -> BackgroundWork::Converter {
    RunLoad(*load);
    return [load, classes](Napi::Env env) -> Napi::Value {
      Napi::Object object = classes->session.New({});
      SessionWrap::Unwrap(object)->Fill(env, load->state, load->size);
      return object;
    };
  };
  return RunInBackground(env, std::move(work));
}

/// Opening a library runs its initialisers: not on the event loop.
Napi::Value ProbeOnnxRuntime(const Napi::CallbackInfo& info) {
  BackgroundWork work;
  work.run = [library = info[0].ToString().Utf8Value()]() -> BackgroundWork::Converter {
    std::string version, reason;
    try {
      version = ort::LibraryVersion(library);
    } catch (const Error& error) {
      reason = error.what();
    }
    return [version, reason](Napi::Env env) -> Napi::Value {
      Napi::Object report = Napi::Object::New(env);
      if (version.empty()) {
        report.Set("reason", reason);
      } else {
        report.Set("version", version);
      }
      return report;
    };
  };
  return RunInBackground(info.Env(), std::move(work));
}

}  // namespace

void RegisterSession(Napi::Env env, Napi::Object exports) {
  auto* classes = new SessionClasses;
  classes->session = Napi::Persistent(SessionWrap::Define(env));
  classes->binding = Napi::Persistent(BindingWrap::Define(env));
  env.AddCleanupHook([classes] { delete classes; });
  exports.Set("probeOnnxRuntime", Napi::Function::New(env, ProbeOnnxRuntime, "probeOnnxRuntime"));
  exports.Set("createSession", Napi::Function::New(env, CreateSession, "createSession", classes));
}

}  // namespace trtn
