// SPDX-License-Identifier: Apache-2.0
// Opening a library for running, and what becomes of plans that it refuses.
#include "trt/plan_library.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>

#include "core/error.h"
#include "test/support/onnx_model.h"
#include "test/support/plan_test.h"
#include "test/support/rtx.h"
#include "trt/family_entry.h"

namespace trtn::trt {
namespace {

/// Gives a string's bytes, at most `piece` at once, and fails from `fail_at` on.
class StringSource final : public PlanSource {
 public:
  explicit StringSource(std::string bytes, size_t fail_at = std::string::npos)
      : bytes_(std::move(bytes)), fail_at_(fail_at) {}

  int64_t Read(void* destination, int64_t bytes) noexcept override {
    reads++;
    const size_t count = std::min({static_cast<size_t>(bytes), bytes_.size() - at_, size_t{100}});
    if (at_ + count > fail_at_) return -1;
    std::memcpy(destination, bytes_.data() + at_, count);
    at_ += count;
    return static_cast<int64_t>(count);
  }
  bool Seek(int64_t offset, int origin) noexcept override {
    const int64_t base = origin == 0 ? 0 : static_cast<int64_t>(origin == 1 ? at_ : bytes_.size());
    at_ = static_cast<size_t>(base + offset);
    return at_ <= bytes_.size();
  }
  uint64_t size() const override { return bytes_.size(); }

  int reads = 0;

 private:
  const std::string bytes_;
  const size_t fail_at_;
  size_t at_ = 0;
};

class PlanLibraryTest : public PlanTest {
 protected:
  static Error Refusal(const std::string& plan) {
    const auto runtime = OpenPlanRuntime(Libraries());
    return ErrorOf([&] { runtime->Deserialize(plan.data(), plan.size(), nullptr, false); });
  }
};

TEST_P(PlanLibraryTest, TellsWhatItIs) {
  const auto runtime = OpenPlanRuntime(Libraries());
  EXPECT_EQ(runtime->family(), GetParam());
  EXPECT_EQ(runtime->library_version(), StandinVersion(GetParam()));
  EXPECT_FALSE(runtime->version_text().empty());
}

TEST_P(PlanLibraryTest, WorksWithoutAParser) {
  RuntimeLibraryOptions options = Libraries();
  options.parser.clear();
  EXPECT_EQ(Load(ScalePlan(), options)->tensors().size(), 2u);
}

TEST_P(PlanLibraryTest, RefusesLibrariesThatCannotServe) {
  const auto code = [](const std::string& library, const std::string& parser) {
    RuntimeLibraryOptions options = Libraries();
    options.library = library;
    options.parser = parser;
    return ErrorOf([&] { OpenPlanRuntime(options); }).code();
  };
  EXPECT_EQ(code("/nowhere/libnvinfer.so", ""), "ERR_TRT_LOAD_TENSORRT_NOT_FOUND");
  EXPECT_EQ(code("libc.so.6", ""), "ERR_TRT_LOAD_TENSORRT_BROKEN");
  EXPECT_EQ(code(StandinInfer(GetParam()), "/nowhere/parser.so"), "ERR_TRT_LOAD_TENSORRT_NOT_FOUND");
  EXPECT_EQ(code(StandinInfer(GetParam()), "libc.so.6"), "ERR_TRT_LOAD_TENSORRT_BROKEN");
}

TEST_P(PlanLibraryTest, AsksTheDriverBeforeTensorRt) {
  if (IsRtx()) GTEST_SKIP() << "TensorRT-RTX fails cleanly by itself";
  RuntimeLibraryOptions options = Libraries();
  options.driver_path = "/nowhere/libcuda.so.1";
  EXPECT_EQ(ErrorOf([&] { OpenPlanRuntime(options); }).code(), "ERR_TRT_CUDA_DRIVER_NOT_FOUND");
}

TEST_P(PlanLibraryTest, ReadsAPlanPieceByPiece) {
  StringSource source(MakePlan(GetParam(), ScalePlan()));
  const auto engine = OpenPlanRuntime(Libraries())->Deserialize(nullptr, 0, &source, false);
  EXPECT_EQ(engine->tensors().size(), 2u);
  EXPECT_GT(source.reads, 1);
}

TEST_P(PlanLibraryTest, FailsWhenTheSourceFails) {
  StringSource source(MakePlan(GetParam(), ScalePlan()), 120);
  const auto runtime = OpenPlanRuntime(Libraries());
  EXPECT_EQ(ErrorOf([&] { runtime->Deserialize(nullptr, 0, &source, false); }).code(),
            "ERR_TRT_LOAD_DESERIALIZE");
}

TEST_P(PlanLibraryTest, SaysWhyAPlanIsRefused) {
  const std::string good = MakePlan(GetParam(), ScalePlan());
  for (const std::string& bad :
       {std::string(), std::string("short"), std::string(100, 'x'), good.substr(0, 20)}) {
    const Error error = Refusal(bad);
    EXPECT_EQ(error.code(), "ERR_TRT_LOAD_DESERIALIZE") << bad.size();
    EXPECT_EQ(error.where(), "IRuntime::deserializeCudaEngine");
    EXPECT_FALSE(error.log().empty());
  }
  const Error version = Refusal(MakePlan(GetParam(), std::string("version 7\n") + ScalePlan()));
  EXPECT_EQ(version.code(), "ERR_TRT_LOAD_PLAN_VERSION");
  EXPECT_NE(std::string(version.what()).find("TensorRT"), std::string::npos);
  const Error device = Refusal(MakePlan(GetParam(), std::string("capability 120\n") + ScalePlan()));
  EXPECT_EQ(device.code(), "ERR_TRT_LOAD_PLAN_DEVICE");
  EXPECT_NE(std::string(device.what()).find("12.0"), std::string::npos);
}

TEST_P(PlanLibraryTest, NamesTheMissingPlugin) {
  const Error error = Refusal(MakePlan(GetParam(), std::string("plugin RoiMagic 3\n") + ScalePlan()));
  EXPECT_EQ(error.code(), "ERR_TRT_LOAD_PLUGIN");
  EXPECT_EQ(Detail(error, "plugin"), "RoiMagic");
  EXPECT_EQ(Detail(error, "version"), "3");
  EXPECT_NE(std::string(error.what()).find("RoiMagic, version 3"), std::string::npos) << error.what();
}

TEST_P(PlanLibraryTest, RefusesPluginLibrariesThatAreNone) {
  for (const char* path : {"/nowhere/libplugin.so", "libc.so.6"}) {
    RuntimeLibraryOptions options = Libraries();
    options.plugins = {path};
    const Error error = ErrorOf([&] { OpenPlanRuntime(options); });
    EXPECT_EQ(error.code(), "ERR_TRT_LOAD_PLUGIN");
    EXPECT_EQ(Detail(error, "path"), path);
  }
}

TEST_P(PlanLibraryTest, RunsHostCodeOnlyWithPermission) {
  const std::string plan = MakePlan(GetParam(), std::string("version-compatible\n") + ScalePlan());
  const auto runtime = OpenPlanRuntime(Libraries());
  const auto load = [&](bool allow) { runtime->Deserialize(plan.data(), plan.size(), nullptr, allow); };
  EXPECT_EQ(ErrorOf([&] { load(false); }).code(), "ERR_TRT_LOAD_DESERIALIZE");
  load(true);
  // The permission was for that plan alone.
  EXPECT_EQ(ErrorOf([&] { load(false); }).code(), "ERR_TRT_LOAD_DESERIALIZE");
}

TEST_P(PlanLibraryTest, TellsMemoryThatRunsOut) {
  const auto runtime = OpenPlanRuntime(Libraries());
  cuda::StandinControl("fault cuMemAlloc 1 2");
  const std::string plan = MakePlan(GetParam(), ScalePlan());
  EXPECT_EQ(ErrorOf([&] { runtime->Deserialize(plan.data(), plan.size(), nullptr, false); }).code(),
            "ERR_TRT_CUDA_OUT_OF_MEMORY");
  runtime->Deserialize(plan.data(), plan.size(), nullptr, false);
}

TRTN_FOR_ALL_FAMILIES(PlanLibraryTest);

class LeanLibraryTest : public cuda::StandinTest {};

TEST_F(LeanLibraryTest, RunsVersionCompatiblePlansWithoutABuilder) {
  const auto device = OpenDevice();
  const cuda::ScopedDevice scope(*device);
  RuntimeLibraryOptions options;
  options.library = StandinFolder(Family::kTensorRt11) + "/libnvinfer_lean.so.11";
  options.driver_path = cuda::StandinDriverPath();
  const auto runtime = OpenPlanRuntime(options);
  const std::string text = std::string("version-compatible\nrefittable\n") + ScalePlan();
  const std::string plan = MakePlan(Family::kTensorRt11, text);
  const auto engine = runtime->Deserialize(plan.data(), plan.size(), nullptr, true);
  EXPECT_EQ(engine->tensors().size(), 2u);
}

#ifdef TRTN_HAS_FAMILY_10
// An older library of the family lacks methods that the headers have: a call would run off its virtual table.
TEST_F(LeanLibraryTest, CallsNoMethodThatTheLibraryIsTooOldFor) {
  const auto device = OpenDevice();
  const cuda::ScopedDevice scope(*device);
  PlanLibrary library;
  library.family = Family::kTensorRt10;
  library.version = 100600;
  library.infer = DynamicLibrary::Open(StandinInfer(library.family)).library;
  ASSERT_NE(library.infer, nullptr);
  library.infer->KeepOpen();
  library.create_runtime = library.infer->Function<void*(void*, int)>("createInferRuntime_INTERNAL");
  library.driver_path = cuda::StandinDriverPath();
  StringSource source(MakePlan(library.family,
                               "input x float32 -1,4\ninput s int64 2 host\noutput y float32 -1,-1\n"
                               "profile x 1,4 4,4 8,4 s 2 2 2\nvalues s 1,1 4,4 8,8\nlayer reshape x s y\n"));
  const auto engine = family_10::CreatePlanRuntime(library)->Deserialize(nullptr, 0, &source, false);
  ASSERT_EQ(engine->profiles().at(0).size(), 2u);
  EXPECT_TRUE(engine->profiles()[0][1].is_values);
  EXPECT_EQ(engine->profiles()[0][1].max, (std::vector<int64_t>{8, 8}));
  engine->Statistics();
  for (const char* newer : {"IRuntime::deserializeCudaEngineV2", "ICudaEngine::getProfileTensorValuesV2",
                            "ICudaEngine::getEngineStat", "ICudaEngine::createRuntimeConfig"}) {
    EXPECT_EQ(Calls(newer), 0) << newer;
  }
}
#endif

// The real TensorRT-RTX looks at a plan before it looks for a GPU.
class RealRtxTest : public test::RtxTest {
 protected:
  static Error Refusal(const std::string& plan) {
    RuntimeLibraryOptions options;
    options.library = Library();
    options.parser = Parser();
    const auto runtime = OpenPlanRuntime(options);
    EXPECT_EQ(runtime->family(), Family::kTensorRtRtx);
    try {
      runtime->Deserialize(plan.data(), plan.size(), nullptr, false);
    } catch (const Error& error) {
      return error;
    }
    ADD_FAILURE() << "the plan was taken";
    return Error("none", "");
  }
};

TEST_F(RealRtxTest, RefusesWhatIsNoPlan) {
  const std::vector<uint8_t> built = Build(test::SmallConvNet()).engine;
  const std::string plan(built.begin(), built.end());
  const auto expect = [](const std::string& bytes, const char* words) {
    const Error error = Refusal(bytes);
    EXPECT_EQ(error.code(), "ERR_TRT_LOAD_DESERIALIZE");
    EXPECT_NE(std::string(error.what()).find(words), std::string::npos) << error.what();
  };
  expect(plan.substr(0, plan.size() / 2), "plan.header.size == blobSize");
  expect(plan.substr(0, 64), "cursor < blobSize");
  expect(std::string(4096, 'x'), "incompatible serialization version");
  expect("", "empty memory buffer");
  expect(std::string(10, 'x'), "bufferSize >= minBufferSize");
}

TEST_F(RealRtxTest, RefusesASourceThatIsNoPlan) {
  RuntimeLibraryOptions options;
  options.library = Library();
  StringSource source(std::string(4096, 'x'));
  const auto runtime = OpenPlanRuntime(options);
  try {
    runtime->Deserialize(nullptr, 0, &source, false);
    ADD_FAILURE() << "the plan was taken";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), "ERR_TRT_LOAD_DESERIALIZE");
    EXPECT_FALSE(error.log().empty());
  }
}

}  // namespace
}  // namespace trtn::trt
