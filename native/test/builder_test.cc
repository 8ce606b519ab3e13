// SPDX-License-Identifier: Apache-2.0
// Builds with the real TensorRT-RTX library, which needs no GPU.
#include "core/builder.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "test/support/onnx_model.h"
#include "test/support/rtx.h"

namespace trtn {
namespace {

namespace fs = std::filesystem;

class Builder : public test::RtxTest {
 protected:
  void TearDown() override { fs::remove_all(folder_); }
  fs::path InFolder(const std::string& name) {
    fs::create_directories(folder_);
    return folder_ / name;
  }

  const fs::path folder_ = fs::path(testing::TempDir()) / ("trtn-builder-" + std::to_string(getpid()));
};

std::string ReadAll(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

/// A plan starts with the magic "vtrt" and has its own length at offset 16.
template <class Bytes>
bool IsWholePlan(const Bytes& plan) {
  uint64_t length = 0;
  if (plan.size() < 64) return false;
  std::memcpy(&length, plan.data() + 16, sizeof length);
  return std::memcmp(plan.data(), "vtrt", 4) == 0 && length == plan.size();
}

TEST_F(Builder, BuildsFromMemory) {
  const BuildResult result = Build(test::SmallConvNet());
  EXPECT_TRUE(IsWholePlan(result.engine));
  EXPECT_EQ(result.engine_bytes, result.engine.size());
  EXPECT_GT(result.layers, 0);
  ASSERT_EQ(result.inputs.size(), 1u);
  EXPECT_EQ(result.inputs[0].name, "x");
  EXPECT_EQ(result.inputs[0].type, ElementType::kFloat32);
  EXPECT_EQ(result.inputs[0].dims, (std::vector<int64_t>{1, 3, 8, 8}));
  ASSERT_EQ(result.outputs.size(), 1u);
  EXPECT_EQ(result.outputs[0].dims, (std::vector<int64_t>{1, 4, 6, 6}));
  EXPECT_EQ(result.library_version.substr(0, 2), "1.");
}

TEST_F(Builder, BuildsFromAFileIntoAFile) {
  const std::string model = test::SmallConvNet();
  BuildRequest request;
  request.model_path = InFolder("model.onnx");
  std::ofstream(request.model_path, std::ios::binary) << model;
  request.output_path = InFolder("model.engine");
  const BuildResult result = backend_->Build(request, {});
  const std::string plan = ReadAll(request.output_path);
  EXPECT_TRUE(result.engine.empty());
  EXPECT_EQ(result.engine_bytes, plan.size());
  EXPECT_TRUE(IsWholePlan(plan));
  EXPECT_EQ(plan.size(), Build(model).engine.size());
}

TEST_F(Builder, TakesExternalWeightsFromFilesBesideTheModel) {
  const std::string model = test::OnnxModel()
                                .Input("x", {int64_t{2}, int64_t{8}})
                                .Output("y", {int64_t{2}, int64_t{4}})
                                .ExternalWeights("w", {8, 4}, "weights.bin")
                                .Node("MatMul", "mm", {"x", "w"}, {"y"})
                                .Serialize();
  const std::vector<float> weights(8 * 4, 0.5f);
  const size_t bytes = weights.size() * sizeof(float);

  const fs::path file = InFolder("model.onnx");
  std::ofstream(file, std::ios::binary) << model;
  std::ofstream(InFolder("weights.bin"), std::ios::binary)
      .write(reinterpret_cast<const char*>(weights.data()), bytes);
  BuildRequest from_file;
  from_file.model_path = file;
  EXPECT_TRUE(IsWholePlan(backend_->Build(from_file, {}).engine));
  EXPECT_TRUE(IsWholePlan(Build(model, from_file).engine));

  EXPECT_EQ(FailureOf(model).code(), "ERR_TRT_BUILD_PARSE");
}

TEST_F(Builder, ReportsSymbolsOfDynamicDimensions) {
  BuildRequest request;
  request.profiles = {{{"x", false, {1, 8}, {4, 8}, {16, 8}}}};
  const BuildResult result = Build(test::DynamicMatMul(), request);
  EXPECT_EQ(result.inputs.at(0).dims, (std::vector<int64_t>{-1, 8}));
  EXPECT_EQ(result.inputs.at(0).dim_names, (std::vector<std::string>{"batch", ""}));
}

TEST_F(Builder, BuildsSeveralProfiles) {
  BuildRequest request;
  request.profiles = {{{"x", false, {1, 8}, {1, 8}, {1, 8}}}, {{"x", false, {2, 8}, {8, 8}, {32, 8}}}};
  EXPECT_TRUE(IsWholePlan(Build(test::DynamicMatMul(), request).engine));
}

TEST_F(Builder, RefusesWrongProfiles) {
  const auto code_of = [&](const Profile& profile) {
    BuildRequest request;
    request.profiles = {profile};
    return FailureOf(test::DynamicMatMul(), request).code();
  };
  EXPECT_EQ(FailureOf(test::DynamicMatMul()).code(), "ERR_TRT_ARG_PROFILE_MISSING");
  EXPECT_EQ(code_of({{"nope", false, {1, 8}, {1, 8}, {1, 8}}}), "ERR_TRT_ARG_PROFILE_MISSING");
  EXPECT_EQ(code_of({{"x", false, {1, 9}, {1, 9}, {1, 9}}}), "ERR_TRT_ARG_PROFILE_DIMENSION");
  EXPECT_EQ(code_of({{"x", false, {1, 8, 1}, {1, 8, 1}, {1, 8, 1}}}), "ERR_TRT_ARG_PROFILE_RANK");
  EXPECT_EQ(code_of({{"x", false, {1}, {1, 8}, {1, 8}}}), "ERR_TRT_ARG_PROFILE_RANK");
  EXPECT_EQ(code_of({{"x", false, {9, 8}, {4, 8}, {1, 8}}}), "ERR_TRT_ARG_PROFILE_RANGE");
  EXPECT_EQ(code_of({{"x", false, std::vector<int64_t>(9, 1), std::vector<int64_t>(9, 1),
                      std::vector<int64_t>(9, 1)}}),
            "ERR_TRT_ARG_PROFILE_RANK");
}

TEST_F(Builder, TakesTheValuesOfShapeTensors) {
  EXPECT_EQ(FailureOf(test::ReshapeByInput()).code(), "ERR_TRT_ARG_PROFILE_MISSING");
  BuildRequest without;
  without.profiles = {{}};
  EXPECT_EQ(FailureOf(test::ReshapeByInput(), without).code(), "ERR_TRT_ARG_PROFILE_VALUES");
  BuildRequest request;
  request.profiles = {{{"s", true, {1, 1}, {3, 4}, {12, 12}}}};
  const BuildResult result = Build(test::ReshapeByInput(), request);
  EXPECT_TRUE(result.inputs.at(1).is_shape_tensor);
  EXPECT_EQ(result.inputs.at(1).type, ElementType::kInt64);
}

TEST_F(Builder, AcceptsTheOptionsThatRtxHas) {
  BuildRequest request;
  request.workspace_bytes = uint64_t{1} << 30;
  request.optimization_level = 2;
  request.compute_capabilities = {80, 89};
  request.profiling_verbosity = Verbosity::kDetailed;
  request.weight_streaming = true;
  request.sparse_weights = true;
  request.disable_tf32 = true;
  request.max_aux_streams = 0;
  EXPECT_TRUE(IsWholePlan(Build(test::SmallConvNet(), request).engine));
}

TEST_F(Builder, RefusesTheOptionsThatRtxLacks) {
  const auto error_of = [&](auto&& set) {
    BuildRequest request;
    set(request);
    return FailureOf(test::SmallConvNet(), request);
  };
  const Error hardware =
      error_of([](BuildRequest& r) { r.hardware_compatibility = HardwareCompatibility::kAmperePlus; });
  EXPECT_EQ(hardware.code(), "ERR_TRT_BUILD_OPTION_UNSUPPORTED");
  EXPECT_EQ(test::Detail(hardware, "option"), std::vector<std::string>{"hardwareCompatibility"});
  EXPECT_NE(std::string(hardware.what()).find("TensorRT-RTX 1."), std::string::npos);
  EXPECT_EQ(error_of([](BuildRequest& r) { r.version_compatible = true; }).code(),
            "ERR_TRT_BUILD_OPTION_UNSUPPORTED");
  EXPECT_EQ(error_of([](BuildRequest& r) { r.exclude_lean_runtime = true; }).code(),
            "ERR_TRT_BUILD_OPTION_UNSUPPORTED");
  EXPECT_EQ(error_of([](BuildRequest& r) { r.compute_capabilities = {90}; }).code(),
            "ERR_TRT_BUILD_OPTION_UNSUPPORTED");
  EXPECT_EQ(error_of([](BuildRequest& r) { r.optimization_level = 6; }).code(), "ERR_TRT_ARG_VALUE");
}

TEST_F(Builder, SaysWhichOptionsNeedAGpu) {
  const auto error_of = [&](auto&& set) {
    BuildRequest request;
    set(request);
    return FailureOf(test::SmallConvNet(), request);
  };
  const Error refit = error_of([](BuildRequest& r) { r.refit = Refit::kAll; });
  EXPECT_EQ(refit.code(), "ERR_TRT_CUDA_DRIVER_NOT_FOUND");
  EXPECT_NE(std::string(refit.what()).find("refit"), std::string::npos);
  EXPECT_EQ(error_of([](BuildRequest& r) { r.strip_plan = true; }).code(), "ERR_TRT_CUDA_DRIVER_NOT_FOUND");
  EXPECT_EQ(error_of([](BuildRequest& r) { r.compute_capabilities = {1}; }).code(),
            "ERR_TRT_CUDA_DRIVER_NOT_FOUND");
}

TEST_F(Builder, KeepsATimingCache) {
  BuildRequest request;
  request.use_timing_cache = true;
  const BuildResult first = Build(test::SmallConvNet(), request);
  EXPECT_FALSE(first.timing_cache.empty());
  request.timing_cache = first.timing_cache;
  EXPECT_FALSE(Build(test::SmallConvNet(), request).timing_cache.empty());
  request.timing_cache = {1, 2, 3};
  EXPECT_TRUE(IsWholePlan(Build(test::SmallConvNet(), request).engine));
}

TEST_F(Builder, FailsOnAWorkspaceThatIsTooSmall) {
  BuildRequest request;
  request.workspace_bytes = 0;
  EXPECT_EQ(FailureOf(test::SmallConvNet(), request).code(), "ERR_TRT_BUILD_WORKSPACE");
}

TEST_F(Builder, TellsNestedProgress) {
  std::vector<BuildProgress> events;
  BuildObserver observer;
  observer.on_progress = [&](const BuildProgress& progress) { events.push_back(progress); };
  Build(test::SmallConvNet(), {}, observer);
  ASSERT_FALSE(events.empty());
  EXPECT_TRUE(events.front().parent.empty());
  EXPECT_EQ(events.front().step, 0);
  EXPECT_TRUE(events.back().finished);
  std::set<std::string> open, parents;
  for (const BuildProgress& event : events) {
    EXPECT_LE(event.step, event.steps);
    if (!event.parent.empty()) parents.insert(event.parent);
    event.finished ? (void)open.erase(event.phase) : (void)open.insert(event.phase);
  }
  EXPECT_TRUE(open.empty());
  EXPECT_FALSE(parents.empty());
}

TEST_F(Builder, StopsWhenCancelledAndLeavesNoFile) {
  for (int after : {0, 1, 3, 10}) {
    BuildRequest request;
    request.output_path = InFolder("cancelled.engine");
    BuildObserver observer;
    int asked = 0;
    observer.is_cancelled = [&] { return asked++ >= after; };
    EXPECT_EQ(FailureOf(test::SmallConvNet(), request, observer).code(), "ERR_TRT_BUILD_CANCELLED") << after;
    EXPECT_TRUE(fs::is_empty(folder_));
  }
}

TEST_F(Builder, RefusesAFolderThatIsNotThereBeforeItBuilds) {
  BuildRequest request;
  request.output_path = "/nowhere/model.engine";
  BuildObserver observer;
  bool started = false;
  observer.on_progress = [&](const BuildProgress&) { started = true; };
  EXPECT_EQ(FailureOf(test::SmallConvNet(), request, observer).code(), "ERR_TRT_BUILD_OUTPUT");
  EXPECT_FALSE(started);
}

TEST_F(Builder, KeepsTheOldEngineWhenABuildFails) {
  BuildRequest request;
  request.output_path = InFolder("model.engine");
  std::ofstream(request.output_path) << "old";
  request.workspace_bytes = 0;
  FailureOf(test::SmallConvNet(), request);
  EXPECT_EQ(ReadAll(request.output_path), "old");
}

TEST_F(Builder, BuildsOnSeveralThreadsWithLogsApart) {
  std::atomic<int> good{0}, bad{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; i++) {
    threads.emplace_back([&, i] {
      if (i % 2 == 0) {
        const BuildResult result = Build(test::SmallConvNet());
        good += IsWholePlan(result.engine) && result.log.empty();
      } else {
        const Error error = FailureOf(test::DynamicMatMul());
        bad += error.code() == "ERR_TRT_ARG_PROFILE_MISSING" && !error.log().empty();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(good, 2);
  EXPECT_EQ(bad, 2);
}

TEST_F(Builder, DropsLogLinesBelowTheSeverity) {
  BuildRequest verbose;
  verbose.log_severity = Severity::kVerbose;
  size_t heard = 0;
  BuildObserver observer;
  observer.on_log = [&](const LogLine&) { heard++; };
  const BuildResult loud = Build(test::SmallConvNet(), verbose, observer);
  EXPECT_GT(loud.log.size(), 50u);
  EXPECT_EQ(heard, loud.log.size());
  EXPECT_TRUE(Build(test::SmallConvNet()).log.empty());
}

}  // namespace
}  // namespace trtn
