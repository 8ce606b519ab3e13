// SPDX-License-Identifier: Apache-2.0
// Each setting of a session is seen in what a real ONNX Runtime does or says: so the slots of ort/api.h that
// set them are the right ones.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "core/error.h"
#include "ort/executable.h"
#include "test/support/onnx_model.h"
#include "test/support/ort_library.h"

namespace trtn {
namespace {

using test::Catch;
using test::DigitsModel;
using test::OrtLibrary;

std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

size_t CountOf(const std::string& text, const std::string& part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

class OrtSettingsTest : public test::OrtTest {
 protected:
  void SetUp() override {
    test::OrtTest::SetUp();
    folder_ = std::filesystem::temp_directory_path() / ("trtn-settings-" + std::to_string(getpid()));
    std::filesystem::create_directory(folder_);
    options_.model_path = DigitsModel();
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::shared_ptr<Executable> Load() const { return ort::LoadModel(OrtLibrary(), options_); }

  /// What ONNX Runtime logs of a session that cannot be made in the end.
  std::string FailingLog() {
    options_.model_path = (folder_ / "no-such-model.onnx").string();
    options_.settings.log_severity = options_.settings.log_severity.value_or(ort::LogLevel::kInfo);
    std::string text;
    const Error error = Catch([this] { Load(); });
    for (const LogLine& line : error.log()) text += line.message + "\n";
    return text;
  }

  /// The profile of one run.
  std::string Profile() {
    options_.profile_file_prefix = (folder_ / "profile").string();
    std::vector<float> images(64);
    {
      auto executable = Load();
      std::vector<OutputSlot> outputs(1);
      const TensorView view = {ElementType::kFloat32,
                               {1, 1, 8, 8},
                               images.data(),
                               images.size() * sizeof(float),
                               MemoryPlace::kHost};
      executable->CreateContext()->Run({view}, outputs);
    }
    std::string text;
    for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
      text += ReadFile(entry.path());
      std::filesystem::remove(entry.path());
    }
    return text;
  }

  std::filesystem::path folder_;
  ort::ModelOptions options_;
};

TEST_F(OrtSettingsTest, RewritesTheGraphAsFarAsAsked) {
  const std::string relu = "\"op_name\" : \"Relu\"";
  options_.settings.graph_optimization = ort::GraphOptimization::kDisabled;
  EXPECT_GT(CountOf(Profile(), relu), 0u);
  options_.settings.graph_optimization = ort::GraphOptimization::kAll;
  EXPECT_EQ(CountOf(Profile(), relu), 0u);
}

TEST_F(OrtSettingsTest, RunsOperatorsAtTheSameTime) {
  options_.settings.execution_mode = ort::ExecutionMode::kParallel;
  options_.settings.inter_op_num_threads = 2;
  EXPECT_NE(Profile().find("model_run"), std::string::npos);
}

TEST_F(OrtSettingsTest, TellsItsSettingsInItsLog) {
  const std::string usual = FailingLog();
  EXPECT_NE(usual.find("execution_mode:0"), std::string::npos) << usual;
  EXPECT_NE(usual.find("enable_mem_pattern:1"), std::string::npos) << usual;
  EXPECT_NE(usual.find("enable_cpu_mem_arena:1"), std::string::npos) << usual;
  const std::string inter_op = "inter_op_param:OrtThreadPoolParams { thread_pool_size: ";
  EXPECT_NE(usual.find(inter_op + "1"), std::string::npos) << usual;
  options_.settings.execution_mode = ort::ExecutionMode::kParallel;
  options_.settings.mem_pattern = false;
  options_.settings.cpu_mem_arena = false;
  options_.settings.log_id = "digits";
  options_.settings.log_verbosity = 3;
  options_.settings.optimized_model_path = "/some/where";
  options_.settings.config_entries = {{"session.disable_prepacking", "1"}};
  const std::string other = FailingLog();
  for (const char* part : {"execution_mode:1", "enable_mem_pattern:0", "enable_cpu_mem_arena:0",
                           "session_logid:digits", "session_log_verbosity_level:3",
                           "optimized_model_filepath:\"/some/where\"", "session.disable_prepacking"}) {
    EXPECT_NE(other.find(part), std::string::npos) << part << " is not in\n" << other;
  }
  EXPECT_NE(other.find(inter_op + "0"), std::string::npos) << other;
  options_.settings.mem_pattern = true;
  options_.settings.cpu_mem_arena = true;
  const std::string again = FailingLog();
  EXPECT_NE(again.find("enable_mem_pattern:1"), std::string::npos);
  EXPECT_NE(again.find("enable_cpu_mem_arena:1"), std::string::npos);
}

TEST_F(OrtSettingsTest, LogsUnderItsNameAndFromItsSeverityOn) {
  options_.settings.log_id = "digits";
  EXPECT_EQ(FailingLog().rfind("[digits] ", 0), 0u) << FailingLog();
  options_.settings.log_severity = ort::LogLevel::kFatal;
  EXPECT_EQ(FailingLog(), "");
}

TEST_F(OrtSettingsTest, WritesTheModelThatItMade) {
  const std::filesystem::path file = folder_ / "optimized.onnx";
  options_.settings.optimized_model_path = file.string();
  Load();
  EXPECT_GT(std::filesystem::file_size(file), 1000u);
  ort::ModelOptions written;
  written.model_path = file.string();
  EXPECT_EQ(ort::LoadModel(OrtLibrary(), written)->inputs()[0].name, "images");
}

TEST_F(OrtSettingsTest, FixesADimension) {
  options_.settings.free_dimensions = {{"batch", 4}};
  auto executable = Load();
  EXPECT_EQ(executable->inputs()[0].dims, (std::vector<int64_t>{4, 1, 8, 8}));
  EXPECT_EQ(executable->inputs()[0].dim_names[0], "");
}

TEST_F(OrtSettingsTest, TakesExternalDataFromMemoryAndKeepsNoneOfIt) {
  const std::string model = test::OnnxModel()
                                .Input("x", {int64_t{1}, int64_t{4}})
                                .Output("y", {int64_t{1}, int64_t{4}})
                                .ExternalWeights("w", {4, 4}, "weights.bin")
                                .Node("MatMul", "fc", {"x", "w"}, {"y"})
                                .Serialize();
  options_.model_path.clear();
  options_.model_data = model.data();
  options_.model_bytes = model.size();
  std::vector<float> weights(16, 2.0F);
  options_.settings.external_files = {{"weights.bin", weights.data(), weights.size() * sizeof(float)}};
  auto executable = Load();
  weights.assign(16, -1.0F);
  std::vector<float> x = {1, 2, 3, 4}, y(4);
  std::vector<OutputSlot> outputs(1);
  const auto view = [](std::vector<float>& data) {
    return TensorView{ElementType::kFloat32, {1, 4}, data.data(), 16, MemoryPlace::kHost};
  };
  outputs[0].view = view(y);
  executable->CreateContext()->Run({view(x)}, outputs);
  EXPECT_EQ(y, (std::vector<float>(4, 20.0F)));
}

TEST_F(OrtSettingsTest, RefusesAnEntryWithTheReasonOfOnnxRuntime) {
  options_.settings.config_entries = {{"", "1"}};
  const Error error = Catch([this] { Load(); });
  EXPECT_EQ(error.code(), "ERR_TRT_ARG_VALUE");
  EXPECT_EQ(error.where(), "AddSessionConfigEntry");
  EXPECT_NE(std::string(error.what()).find("key"), std::string::npos) << error.what();
}

}  // namespace
}  // namespace trtn
