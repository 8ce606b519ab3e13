// SPDX-License-Identifier: Apache-2.0
// Loading, and what an engine can be asked besides running.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "gpu/plan_source.h"
#include "test/support/gpu_test.h"

namespace trtn::gpu {
namespace {

class GpuControlTest : public GpuTest {
 protected:
  static std::string TemporaryFile(const std::string& content) {
    const std::string path = (std::filesystem::temp_directory_path() /
                              ("gpu_control_test." + std::to_string(getpid()) + ".engine"))
                                 .string();
    std::ofstream(path, std::ios::binary) << content;
    return path;
  }
};

TEST_F(GpuControlTest, LoadsAPlanFromAFile) {
  const std::string path = TemporaryFile(trt::MakePlan(Family::kTensorRt11, trt::ScalePlan()));
  GpuModelOptions options = Options();
  options.plan_path = path;
  auto executable = LoadPlan(options);
  std::filesystem::remove(path);
  auto context = executable->CreateContext();
  EXPECT_EQ(RunScale(*executable, *context, Counting(4)), Doubled(Counting(4)));
}

TEST_F(GpuControlTest, RefusesFilesThatAreNone) {
  GpuModelOptions options = Options();
  options.plan_path = "/nowhere/model.engine";
  EXPECT_EQ(ErrorOf([&] { LoadPlan(options); }).code(), "ERR_TRT_LOAD_FILE");
  options.plan_path = "/";
  EXPECT_EQ(ErrorOf([&] { LoadPlan(options); }).code(), "ERR_TRT_LOAD_FILE");
}

TEST_F(GpuControlTest, RefusesDevicesAndProfilesThatAreNotThere) {
  GpuModelOptions options = Options();
  options.device = 7;
  EXPECT_EQ(ErrorOf([&] { Load(trt::ScalePlan(), options); }).code(), "ERR_TRT_RUN_DEVICE");
  options = Options();
  options.profile = 2;
  EXPECT_EQ(ErrorOf([&] { Load(trt::ScalePlan(), options); }).code(), "ERR_TRT_RUN_PROFILE");
}

TEST_F(GpuControlTest, AFixedProfileIsKeptTo) {
  GpuModelOptions options = Options();
  options.profile = 1;
  auto executable = Load(trt::ScalePlan(), options);
  auto context = executable->CreateContext();
  EXPECT_EQ(RunScale(*executable, *context, Counting(64)), Doubled(Counting(64)));
  EXPECT_EQ(ErrorOf([&] { RunScale(*executable, *context, Counting(4)); }).code(), "ERR_TRT_RUN_PROFILE");
}

TEST_F(GpuControlTest, AuxiliaryStreamsAreMadePerContext) {
  auto executable = Load(std::string(trt::ScalePlan()) + "aux-streams 2\n");
  auto context = executable->CreateContext();
  EXPECT_NE(cuda::StandinControl("live").find("\"streams\":3"), std::string::npos)
      << cuda::StandinControl("live");
  EXPECT_EQ(RunScale(*executable, *context, Counting(4)), Doubled(Counting(4)));
}

TEST_F(GpuControlTest, TellsAboutTheEngine) {
  auto executable = Load(trt::ScalePlan());
  EngineControl& control = *executable->control();
  EXPECT_NE(control.InspectorJson().find('{'), std::string::npos);
  EXPECT_FALSE(control.Statistics().empty());
  EXPECT_TRUE(control.DebugTensors().empty());
  EXPECT_EQ(ErrorOf([&] { control.SerializeRuntimeCache(); }).code(), "ERR_TRT_RUN_UNSUPPORTED");
}

TEST_F(GpuControlTest, ARefitThatFailsDropsTheGraphsAndTheSessionGoesOn) {
  auto executable = Load(trt::ScalePlan());
  auto context = executable->CreateContext();
  for (int i = 0; i < 3; ++i) RunScale(*executable, *context, Counting(4));
  EXPECT_EQ(executable->control()->Counters().graph_captures, 1u);
  RefitRequest request;
  request.model_data = "";
  EXPECT_FALSE(ErrorOf([&] { executable->control()->Refit(request); }).code().empty());
  for (int i = 0; i < 3; ++i) EXPECT_EQ(RunScale(*executable, *context, Counting(4)), Doubled(Counting(4)));
  EXPECT_EQ(executable->control()->Counters().graph_captures, 2u);
}

TEST(FilePlanSourceTest, ReadsAndSeeksAsAFile) {
  const std::string path = std::string(testing::TempDir()) + "plan_source_test." + std::to_string(getpid());
  std::ofstream(path, std::ios::binary) << "0123456789";
  FilePlanSource source(path);
  std::filesystem::remove(path);
  EXPECT_EQ(source.size(), 10u);
  char text[16] = {};
  EXPECT_EQ(source.Read(text, 4), 4);
  EXPECT_EQ(std::string(text, 4), "0123");
  EXPECT_TRUE(source.Seek(-2, SEEK_END));
  EXPECT_EQ(source.Read(text, 16), 2);
  EXPECT_EQ(std::string(text, 2), "89");
  EXPECT_EQ(source.Read(text, 16), 0);
  EXPECT_TRUE(source.Seek(1, SEEK_SET));
  EXPECT_TRUE(source.Seek(1, SEEK_CUR));
  EXPECT_EQ(source.Read(text, 1), 1);
  EXPECT_EQ(text[0], '2');
  EXPECT_FALSE(source.Seek(-100, SEEK_CUR));
  EXPECT_FALSE(source.Seek(0, 7));
  EXPECT_EQ(source.Read(text, -1), -1);
}

}  // namespace
}  // namespace trtn::gpu
