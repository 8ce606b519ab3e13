// SPDX-License-Identifier: Apache-2.0
// Every call of the driver and of TensorRT that a run makes fails once, in each phase of a session's life:
// the error must name the call or the cause, the session must go on or the device be poisoned, and nothing
// may leak or be freed while it is in use. A failure is told as "<entry> number <n>, result <r>".
#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <map>

#include "test/support/error_details.h"
#include "test/support/gpu_test.h"

namespace trtn::gpu {
namespace {

constexpr int kOutOfMemory = 2;
constexpr int kIllegalAddress = 700;

bool IsClosing(const std::string& entry) {
  for (const char* part : {"~", "Destroy", "Free", "Release", "Pop", "Trim"})
    if (entry.find(part) != std::string::npos) return true;
  return false;
}

/// Calls whose failure takes nothing from the caller, whenever it comes.
bool IsPassedOver(const std::string& entry) {
  static const char* const kEntries[] = {
      // What a device is called and has is for reports; what a driver does not tell counts as not there.
      "cuDriverGetVersion", "cuDeviceGetName", "cuDeviceGetUuid", "cuDeviceGetPCIBusId", "cuDeviceTotalMem",
      "cuDeviceGetAttribute",
      // Without a pool memory is allocated the plain way.
      "cuDeviceGetDefaultMemPool", "cuMemPoolSetAttribute",
      // For giving something back on a thread that has the context current already.
      "cuCtxPushCurrent",
      // What waits for reuse is freed, and the driver asked again.
      "cuMemHostAlloc",
      // They answer with a value or not at all: there is no way to say that they failed.
      "ICudaEngine::getTensorDataType", "ICudaEngine::getTensorIOMode", "ICudaEngine::getTensorLocation",
      "ICudaEngine::isShapeInferenceIO", "IRuntime::setEngineHostCodeAllowed"};
  return std::find(std::begin(kEntries), std::end(kEntries), entry) != std::end(kEntries);
}

/// A capture failed, the work ran without a graph, and the reason is on record.
bool IsToldAsGraphFailure(Executable* executable) {
  return executable != nullptr && !executable->control()->GraphFailures().empty();
}

enum class Phase { kLoad, kFirstRun, kSteady, kBind };

class GpuFaultTest : public GpuTest {
 protected:
  struct Life {
    std::shared_ptr<Executable> executable;
    std::unique_ptr<ExecutionContext> context;
    std::shared_ptr<void> x, y;
    std::unique_ptr<BoundExecution> bound;
    void RunBound() {
      const std::vector<float> values = Counting(8);
      std::memcpy(x.get(), values.data(), 32);
      std::memset(y.get(), 0, 32);
      bound->Run();
      EXPECT_EQ(Floats(View(ElementType::kFloat32, {2, 4}, y.get())), Doubled(values));
    }
  };

  void LoadModel(Life& life) {
    life.executable = Load(trt::ScalePlan(), options_);
    life.context = life.executable->CreateContext();
  }
  static void Bind(Life& life) {
    life.x = life.executable->host_pool()->AcquireShared(32);
    life.y = life.executable->host_pool()->AcquireShared(32);
    life.bound = life.executable->Bind({View(ElementType::kFloat32, {2, 4}, life.x.get())},
                                       {View(ElementType::kFloat32, {2, 4}, life.y.get())});
  }
  static void Run(Life& life, size_t rows) {
    const std::vector<float> x = Counting(rows * 4);
    EXPECT_EQ(RunScale(*life.executable, *life.context, x), Doubled(x));
  }
  void DoPhase(Life& life, Phase phase) {
    switch (phase) {
      case Phase::kLoad:
        return LoadModel(life);
      case Phase::kFirstRun:
        return Run(life, 2);
      case Phase::kSteady:
        Run(life, 2);
        Run(life, 2);
        return Run(life, 16);
      case Phase::kBind:
        Bind(life);
        life.RunBound();
        life.RunBound();
        return life.RunBound();
    }
  }
  void DoBefore(Life& life, Phase phase) {
    if (phase == Phase::kLoad) return;
    LoadModel(life);
    if (phase == Phase::kSteady) Run(life, 2);
  }

  /// Nothing lives, nothing was done wrong.
  static void ExpectClean() {
    EXPECT_EQ(cuda::StandinControl("violations"), "[]");
    const std::string live = cuda::StandinControl("live");
    EXPECT_EQ(live.find_first_of("123456789"), std::string::npos) << live;
  }

  void Reset() {
    // A reset forgets them.
    EXPECT_EQ(cuda::StandinControl("violations"), "[]");
    cuda::StandinControl("reset");
    if (!configuration_.empty()) cuda::StandinControl("configure " + configuration_);
  }

  static void ExpectNamed(const Error& error, const std::string& entry) {
    std::string text = error.what() + (" " + error.where());
    for (const auto& [name, detail] : error.details) {
      for (const std::string& value : test::Texts(detail)) text += " " + value;
    }
    // Calls of the driver that TensorRT makes are its own affair: it tells them in its log, if at all.
    const bool is_of_tensorrt = entry.rfind("cu", 0) == 0 && !error.where().empty() &&
                                error.where().rfind("cu", 0) != 0 && !error.log().empty();
    // "createInferRuntime" is what people call "createInferRuntime_INTERNAL".
    const bool is_where = !error.where().empty() && entry.rfind(error.where(), 0) == 0;
    EXPECT_TRUE(text.find(entry) != std::string::npos || is_where || is_of_tensorrt)
        << error.code() << ": " << text;
  }

  void ExpectFault(Phase phase, const std::string& entry, int nth, int result) {
    SCOPED_TRACE(entry + " number " + std::to_string(nth) + ", result " + std::to_string(result));
    Reset();
    {
      Life life;
      DoBefore(life, phase);
      cuda::StandinControl("fault " + entry + " " + std::to_string(nth) + " " + std::to_string(result));
      bool has_failed = false;
      try {
        DoPhase(life, phase);
      } catch (const Error& error) {
        has_failed = true;
        ExpectNamed(error, entry);
      }
      EXPECT_TRUE(has_failed || IsPassedOver(entry) || IsToldAsGraphFailure(life.executable.get()))
          << "nobody was told";
      if (has_failed && life.executable != nullptr) ExpectUsableOrPoisoned(life);
    }
    ExpectClean();
  }

  void ExpectUsableOrPoisoned(Life& life) {
    try {
      if (life.context == nullptr) life.context = life.executable->CreateContext();
      Run(life, 2);
      Run(life, 2);
      Run(life, 2);
      if (life.bound != nullptr) life.RunBound();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), "ERR_TRT_CUDA_POISONED") << error.what();
    }
  }

  void TryAll(Phase phase, int result) {
    Reset();
    std::map<std::string, int> calls;
    {
      Life life;
      DoBefore(life, phase);
      Reset();
      DoPhase(life, phase);
      calls = AllCalls();
    }
    ASSERT_FALSE(calls.empty());
    for (const auto& [entry, count] : calls) {
      if (IsClosing(entry)) continue;
      // Calls that mean no result: their fault is "returns false".
      const bool is_driver = entry.rfind("cu", 0) == 0;
      if (!is_driver && result == kIllegalAddress) continue;
      for (int nth = 1; nth <= std::min(count, 4); ++nth)
        ExpectFault(phase, entry, nth, is_driver ? result : 1);
    }
  }

  GpuModelOptions options_ = Options();
  std::string configuration_;
};

TEST_F(GpuFaultTest, LoadingFails) { TryAll(Phase::kLoad, kOutOfMemory); }
TEST_F(GpuFaultTest, TheFirstRunFails) { TryAll(Phase::kFirstRun, kOutOfMemory); }
TEST_F(GpuFaultTest, LaterRunsFail) { TryAll(Phase::kSteady, kOutOfMemory); }
TEST_F(GpuFaultTest, BindingsFail) { TryAll(Phase::kBind, kOutOfMemory); }
TEST_F(GpuFaultTest, TheDeviceIsLostInTheFirstRun) { TryAll(Phase::kFirstRun, kIllegalAddress); }
TEST_F(GpuFaultTest, TheDeviceIsLostInLaterRuns) { TryAll(Phase::kSteady, kIllegalAddress); }
TEST_F(GpuFaultTest, TheDeviceIsLostInABinding) { TryAll(Phase::kBind, kIllegalAddress); }

TEST_F(GpuFaultTest, SharedActivationMemoryFails) {
  options_.context.memory = trt::ContextMemory::kShared;
  TryAll(Phase::kSteady, kOutOfMemory);
  TryAll(Phase::kBind, kOutOfMemory);
}

TEST_F(GpuFaultTest, MeasuredStagesFail) {
  options_.stage_log = std::make_shared<StageLog>();
  TryAll(Phase::kFirstRun, kOutOfMemory);
  TryAll(Phase::kSteady, kOutOfMemory);
  TryAll(Phase::kBind, kOutOfMemory);
  TryAll(Phase::kSteady, kIllegalAddress);
  TryAll(Phase::kBind, kIllegalAddress);
}

TEST_F(GpuFaultTest, ADeviceWithoutMemoryPoolsFails) {
  configuration_ = "pools=0";
  TryAll(Phase::kSteady, kOutOfMemory);
  TryAll(Phase::kBind, kOutOfMemory);
}

TEST_F(GpuFaultTest, AnIntegratedDeviceFails) {
  configuration_ = "integrated=1";
  TryAll(Phase::kSteady, kOutOfMemory);
  TryAll(Phase::kBind, kOutOfMemory);
}

TEST_F(GpuFaultTest, ClosingNeverThrowsOrHangs) {
  std::map<std::string, int> calls;
  {
    Life life;
    LoadModel(life);
    Run(life, 2);
    Run(life, 2);
    Bind(life);
    life.RunBound();
    Reset();
    life = Life();
    calls = AllCalls();
  }
  for (const auto& [entry, count] : calls) {
    // A context that cannot be released stays lost for ever: there is nothing to go on with after that.
    if (entry.rfind("cu", 0) != 0 || entry.find("PrimaryCtxRelease") != std::string::npos) continue;
    SCOPED_TRACE(entry);
    Reset();
    {
      Life life;
      LoadModel(life);
      Run(life, 2);
      Run(life, 2);
      Bind(life);
      life.RunBound();
      cuda::StandinControl("fault " + entry + " 1 " + std::to_string(kIllegalAddress));
    }
    EXPECT_EQ(cuda::StandinControl("violations"), "[]");
  }
}

TEST_F(GpuFaultTest, AKernelThatFailsPoisonsTheDeviceUntilAllIsClosed) {
  {
    Life life;
    LoadModel(life);
    Bind(life);
    Run(life, 2);
    cuda::StandinControl("fault op:kernel 1 " + std::to_string(kIllegalAddress));
    EXPECT_EQ(ErrorOf([&] { Run(life, 2); }).code(), "ERR_TRT_CUDA_DEVICE_LOST");
    const Error later = ErrorOf([&] { life.bound->Run(); });
    EXPECT_EQ(later.code(), "ERR_TRT_CUDA_POISONED");
    EXPECT_EQ(Detail(later, "result"), std::to_string(kIllegalAddress));
    EXPECT_EQ(ErrorOf([&] { life.executable->control()->InspectorJson(); }).code(), "ERR_TRT_CUDA_POISONED");
  }
  Life life;
  LoadModel(life);
  Run(life, 2);
}

TEST_F(GpuFaultTest, AGpuThatFallsOffEndsInErrorsAndNothingHangs) {
  {
    Life life;
    LoadModel(life);
    Bind(life);
    Run(life, 2);
    cuda::StandinControl("gone");
    EXPECT_FALSE(ErrorOf([&] { Run(life, 2); }).code().empty());
    EXPECT_FALSE(ErrorOf([&] { life.bound->Run(); }).code().empty());
  }
  EXPECT_EQ(cuda::StandinControl("violations"), "[]");
  cuda::StandinControl("reset");
}

}  // namespace
}  // namespace trtn::gpu
