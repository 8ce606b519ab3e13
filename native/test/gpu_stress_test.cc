// SPDX-License-Identifier: Apache-2.0
//
// Sessions under load on a stand-in whose streams overtake each other, while calls fail at random: several
// sessions and threads at once, bindings made and dropped while they run, calls withdrawn, sessions closed in
// the middle. Whatever happens, each call ends exactly once, results are right or there is an error, and in
// the end nothing is left and nothing was done that hardware would not forgive.
//
// Each round follows from its number. The environment variable TRTN_STRESS says how many there are (8 if it
// is not set): 500 for a long run, best with TRTN_SANITIZE. TRTN_STRESS_FIRST is the number of the first one,
// to see a round again.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <thread>

#include "test/support/gpu_test.h"
#include "test/support/stress_room.h"

namespace trtn::gpu {
namespace {

using Random = std::mt19937;

constexpr int kUsersPerSession = 2;
constexpr int kStepsPerUser = 30;

enum class Weather { kFine, kOutOfMemory, kRefusals, kLossInACall, kLossOnTheDevice };
constexpr int kWeathers = 5;

/// Not those that make a context current or end a capture: whoever closes something has no other way.
const char* const kDriverCalls =
    "cuMemAlloc,cuMemAllocAsync,cuMemHostAlloc,cuStreamCreateWithPriority,cuEventCreate,cuMemcpyHtoDAsync,"
    "cuMemcpyDtoHAsync,cuEventRecord,cuEventSynchronize,cuStreamSynchronize,cuStreamBeginCapture,"
    "cuGraphInstantiateWithFlags,cuGraphUpload,cuGraphLaunch,cuLaunchKernel";
const char* const kTensorRtCalls =
    "IExecutionContext::enqueueV3,IExecutionContext::setTensorAddress,IExecutionContext::setInputShape,"
    "IExecutionContext::inferShapes,ICudaEngine::createExecutionContext";

int NumberFrom(const char* variable, int otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::atoi(text);
}

class GpuStressTest : public GpuTest {
 protected:
  /// y = 2 x, in its variants.
  static std::string PlanText(Random& random) {
    static const char* const kExtras[] = {"", "memory-bytes 4096\n", "aux-streams 2\n", "duration-us 20\n"};
    return kExtras[random() % 4] + std::string(trt::ScalePlan());
  }

  static std::shared_ptr<Executable> LoadAny(Random& random) {
    static constexpr Family kFamilies[] = {Family::kTensorRt10, Family::kTensorRt11, Family::kTensorRtRtx};
    const Family family = kFamilies[random() % 3];
    GpuModelOptions options = OptionsFor(family);
    options.graphs = random() % 4 == 0 ? GraphMode::kOff : GraphMode::kAuto;
    options.graph_limit = 1 + random() % 3;
    if (random() % 2 == 0) options.context.memory = trt::ContextMemory::kShared;
    return LoadFor(family, PlanText(random), options);
  }

  /// Without faults only a closed session and a full queue may stop a call.
  void Judge(const std::exception_ptr& failure) const {
    if (failure == nullptr) return;
    try {
      std::rethrow_exception(failure);
    } catch (const Error& error) {
      const std::string code = error.code();
      const bool is_refused = code == "ERR_TRT_RUN_CLOSED" || code == "ERR_TRT_RUN_QUEUE_FULL";
      const bool is_fault = code.rfind("ERR_TRT_CUDA_", 0) == 0 || code.rfind("ERR_TRT_LOAD_", 0) == 0 ||
                            code == "ERR_TRT_RUN_FAILED" || code == "ERR_TRT_RUN_PROFILE";
      EXPECT_TRUE(is_refused || (is_fault && weather_ != Weather::kFine)) << code << ": " << error.what();
    } catch (const std::exception& error) {
      ADD_FAILURE() << error.what();
    }
  }
  void Try(const std::function<void()>& step) const {
    try {
      step();
    } catch (...) {
      Judge(std::current_exception());
    }
  }

  static size_t AnyRows(Random& random) {
    return random() % 3 == 0 ? 16 + 8 * (random() % 3) : 1 + random() % 8;
  }

  static Job::Work RunOf(Room& room, Random& random) {
    const std::vector<float> x = Counting(AnyRows(random) * 4, static_cast<float>(random() % 1000));
    Executable& executable = *room.executable;
    std::shared_ptr<void> memory = Fill(executable, x);
    return [x, memory](ExecutionContext& context) {
      std::vector<OutputSlot> outputs(1);
      context.Run({View(ElementType::kFloat32, {static_cast<int64_t>(x.size() / 4), 4}, memory.get())},
                  outputs);
      EXPECT_EQ(Floats(outputs[0].owned.view), Doubled(x));
    };
  }

  static Job::Work BindOf(Room& room, Random& random) {
    const size_t rows = AnyRows(random);
    return [&room, rows](ExecutionContext& context) {
      auto binding = std::make_shared<Binding>();
      binding->x = room.executable->host_pool()->AcquireShared(rows * 16);
      const std::vector<TensorView> inputs = {
          View(ElementType::kFloat32, {static_cast<int64_t>(rows), 4}, binding->x.get())};
      std::vector<TensorView> outputs = context.ResolveOutputs(inputs);
      binding->y = room.executable->host_pool()->AcquireShared(outputs[0].bytes);
      outputs[0].data = binding->y.get();
      binding->execution = room.executable->Bind(inputs, outputs);
      const std::lock_guard<std::mutex> lock(room.mutex);
      room.bindings.push_back(std::move(binding));
    };
  }

  /// A run of some binding, which may be dropped meanwhile; a plain run if there is none.
  static Job::Work BoundRunOf(Room& room, Random& random) {
    std::shared_ptr<Binding> binding;
    {
      const std::lock_guard<std::mutex> lock(room.mutex);
      if (!room.bindings.empty()) binding = room.bindings[random() % room.bindings.size()];
    }
    if (binding == nullptr) return RunOf(room, random);
    const std::vector<float> x = Counting(4, static_cast<float>(random() % 1000));
    return [binding, x](ExecutionContext&) {
      const std::lock_guard<std::mutex> lock(binding->busy);
      std::memcpy(binding->x.get(), x.data(), 16);
      binding->execution->Run();
      EXPECT_EQ(Floats(View(ElementType::kFloat32, {1, 4}, binding->y.get())), Doubled(x));
    };
  }

  static void DropABinding(Room& room, Random& random) {
    std::shared_ptr<Binding> dropped;
    const std::lock_guard<std::mutex> lock(room.mutex);
    if (room.bindings.empty()) return;
    dropped = std::move(room.bindings[random() % room.bindings.size()]);
    room.bindings.erase(std::find(room.bindings.begin(), room.bindings.end(), nullptr));
  }

  static std::shared_ptr<Job> Submit(Room& room, uint64_t id, Job::Work work, bool is_exclusive = false) {
    auto job = std::make_shared<Job>(id, std::move(work), is_exclusive);
    room.session->Submit(job);
    const std::lock_guard<std::mutex> lock(room.mutex);
    room.jobs.push_back(job);
    return job;
  }

  void Step(Room& room, Random& random, uint64_t id) const {
    switch (random() % 9) {
      case 0: {
        Job job(id, RunOf(room, random));
        return room.session->RunNow(job);
      }
      case 1: {
        const auto job = Submit(room, id, RunOf(room, random));
        job->is_withdrawn = room.session->Withdraw(id);
        return;
      }
      case 2:
        Submit(room, id, [&room](ExecutionContext&) { room.executable->control()->InspectorJson(); }, true);
        return;
      case 3:
      case 4:
        Submit(room, id, BindOf(room, random));
        return;
      case 5:
        return DropABinding(room, random);
      case 6:
        Submit(room, id, RunOf(room, random));
        return;
      default:
        Submit(room, id, BoundRunOf(room, random));
    }
  }

  void Use(Room& room, uint32_t seed, uint64_t first_id, bool closes) const {
    Random random(seed);
    for (int i = 0; i < kStepsPerUser; ++i) {
      Try([&] { Step(room, random, first_id + static_cast<uint64_t>(i)); });
    }
    if (!closes) return;
    room.session->Close([&room] {
      ++room.closed;
      room.has_closed.set_value();
    });
  }

  void Order(Random& random) const {
    const std::string seed = std::to_string(random());
    switch (weather_) {
      case Weather::kFine:
        return;
      case Weather::kOutOfMemory:
        cuda::StandinControl("fault-random " + seed + " 20 2 " + kDriverCalls + "," + kTensorRtCalls);
        return;
      case Weather::kRefusals:
        cuda::StandinControl("fault-random " + seed + " 30 1 cuStreamSynchronize,cuEventSynchronize," +
                             kTensorRtCalls);
        return;
      case Weather::kLossInACall:
        cuda::StandinControl("fault-random " + seed + " 2 700 " + kDriverCalls);
        return;
      case Weather::kLossOnTheDevice:
        cuda::StandinControl("fault-random " + seed + " 10 719 op:kernel,op:h2d,op:d2h");
        return;
    }
  }

  /// Null if a fault was in the way.
  std::unique_ptr<Room> Open(Random& random) const {
    auto room = std::make_unique<Room>();
    SessionOptions options;
    options.contexts = 1 + random() % 4;
    options.max_queue = 64;
    Try([&] {
      room->executable = LoadAny(random);
      room->session = std::make_unique<Session>(room->executable, options);
    });
    if (room->session == nullptr) room.reset();
    return room;
  }

  /// `is_abandoned`: what was queued may have been dropped.
  void CheckJobs(const Room& room, bool is_abandoned) const {
    for (const std::shared_ptr<Job>& job : room.jobs) {
      Judge(job->error);
      EXPECT_LE(job->executed, job->is_withdrawn ? 0 : 1);
      if (is_abandoned && !job->is_withdrawn) {
        EXPECT_LE(job->finished, 1);
      } else {
        EXPECT_EQ(job->finished, job->is_withdrawn ? 0 : 1);
      }
    }
  }

  void PlayRound(uint32_t seed) {
    Random random(seed);
    weather_ = static_cast<Weather>(seed % kWeathers);
    cuda::StandinControl("configure mode=threads reorder=" + std::to_string(1 + seed) + " copy-us=" +
                         std::to_string(random() % 2 * 5) + " pools=" + std::to_string(random() % 4 != 0) +
                         " integrated=" + std::to_string(random() % 4 == 0));
    const bool fails_at_loading = random() % 3 == 0;
    if (fails_at_loading) Order(random);
    std::vector<std::unique_ptr<Room>> rooms;
    for (uint32_t i = 1 + random() % 3; i > 0; --i) rooms.push_back(Open(random));
    if (!fails_at_loading) Order(random);
    PlayIn(rooms, random);
    for (std::unique_ptr<Room>& room : rooms) {
      if (room == nullptr) continue;
      const bool is_abandoned = room->closed == -1;
      // Who destroys a session does not hear of its end any more.
      if (!is_abandoned) room->has_closed.get_future().wait();
      room->session.reset();
      CheckJobs(*room, is_abandoned);
      if (!is_abandoned) {
        EXPECT_EQ(room->closed, 1);
      }
      room.reset();
    }
  }

  /// Returns when all users are done and all sessions have ended.
  void PlayIn(std::vector<std::unique_ptr<Room>>& rooms, Random& random) const {
    std::vector<std::thread> users;
    for (std::unique_ptr<Room>& room : rooms) {
      if (room == nullptr) continue;
      const int closing = static_cast<int>(random() % (kUsersPerSession + 1));
      if (closing == kUsersPerSession) room->closed = -1;
      for (int i = 0; i < kUsersPerSession; ++i) {
        users.emplace_back([this, &room, i, closing, seed = static_cast<uint32_t>(random())] {
          Use(*room, seed, static_cast<uint64_t>(i) * kStepsPerUser + 1, i == closing);
        });
      }
    }
    for (std::thread& user : users) user.join();
  }

  Weather weather_ = Weather::kFine;
};

TEST_F(GpuStressTest, EveryCallEndsOnceWhateverFails) {
  const auto driver = cuda::Driver::Open(cuda::StandinDriverPath());
  const int first = NumberFrom("TRTN_STRESS_FIRST", 1), rounds = NumberFrom("TRTN_STRESS", 8);
  for (int round = first; round < first + rounds && !HasFailure(); ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    PlayRound(static_cast<uint32_t>(round));
    EXPECT_EQ(cuda::StandinControl("violations"), "[]");  // a reset forgets them
    cuda::StandinControl("reset");
    const std::string live = cuda::StandinControl("live");
    EXPECT_EQ(live.find_first_of("123456789"), std::string::npos) << live;
  }
}

}  // namespace
}  // namespace trtn::gpu
