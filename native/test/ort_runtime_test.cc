// SPDX-License-Identifier: Apache-2.0
// Holds the table of slots in ort/api.h against a real library: one wrong index would call another function.
// Needs the libonnxruntime of the npm package onnxruntime-node.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/steady_clock.h"
#include "ort/executable.h"
#include "ort/runtime.h"
#include "test/support/onnx_model.h"
#include "test/support/ort_library.h"

namespace trtn {
namespace {

using test::Catch;
using test::DigitsModel;
using test::OrtLibrary;
using test::Source;

class OrtTest : public test::OrtTest {
 protected:
  static std::shared_ptr<Executable> Load() {
    ort::ModelOptions options;
    options.model_path = DigitsModel();
    return ort::LoadModel(OrtLibrary(), options);
  }
};

TEST_F(OrtTest, TellsItsVersionAndIsOpenedOnce) {
  ort::Runtime& runtime = ort::Runtime::Open(OrtLibrary());
  EXPECT_EQ(runtime.version().substr(0, 2), "1.");
  EXPECT_EQ(&runtime, &ort::Runtime::Open(OrtLibrary()));
}

TEST_F(OrtTest, ReadsNamesTypesAndSymbols) {
  auto executable = Load();
  ASSERT_EQ(executable->inputs().size(), 1u);
  const TensorInfo& input = executable->inputs()[0];
  EXPECT_EQ(input.name, "images");
  EXPECT_EQ(input.type, ElementType::kFloat32);
  EXPECT_EQ(input.dims, (std::vector<int64_t>{-1, 1, 8, 8}));
  EXPECT_EQ(input.dim_names, (std::vector<std::string>{"batch", "", "", ""}));
  ASSERT_EQ(executable->outputs().size(), 1u);
  EXPECT_EQ(executable->outputs()[0].name, "logits");
}

TensorView View(std::vector<float>& data, std::vector<int64_t> dims) {
  TensorView view;
  view.type = ElementType::kFloat32;
  view.dims = std::move(dims);
  view.data = data.data();
  view.bytes = data.size() * sizeof(float);
  return view;
}

TEST_F(OrtTest, WritesInPlaceAllocatesAndBindsTheSameResult) {
  auto executable = Load();
  auto context = executable->CreateContext();
  std::vector<float> images(2 * 64);
  for (size_t i = 0; i < images.size(); ++i) images[i] = static_cast<float>(i % 17);
  const std::vector<TensorView> inputs = {View(images, {2, 1, 8, 8})};

  std::vector<OutputSlot> allocated(1);
  context->Run(inputs, allocated);
  const TensorView& made = allocated[0].owned.view;
  EXPECT_EQ(made.dims, (std::vector<int64_t>{2, 10}));
  ASSERT_EQ(made.bytes, 20 * sizeof(float));

  std::vector<float> place(20, -1), bound_place(20, -1);
  std::vector<OutputSlot> in_place(1);
  in_place[0].view = View(place, {2, 10});
  context->Run(inputs, in_place);
  EXPECT_EQ(in_place[0].owned.owner, nullptr);
  EXPECT_EQ(std::memcmp(place.data(), made.data, made.bytes), 0);

  auto bound = executable->Bind(inputs, {View(bound_place, {2, 10})});
  bound->Run();
  bound->Run();
  EXPECT_EQ(bound_place, place);
  EXPECT_EQ(context->ResolveOutputs(inputs)[0].dims, (std::vector<int64_t>{2, 10}));
}

TEST_F(OrtTest, AnOutputOutlivesContextAndExecutable) {
  OwnedOutput output;
  {
    auto executable = Load();
    auto context = executable->CreateContext();
    std::vector<float> images(64);
    std::vector<OutputSlot> outputs(1);
    context->Run({View(images, {1, 1, 8, 8})}, outputs);
    output = std::move(outputs[0].owned);
  }
  EXPECT_EQ(static_cast<float*>(output.view.data)[0], static_cast<float*>(output.view.data)[0]);
}

TEST_F(OrtTest, AFailedRunHasTheTextAndTheLog) {
  auto executable = Load();
  auto context = executable->CreateContext();
  std::vector<float> images(63);
  std::vector<OutputSlot> outputs(1);
  const Error error = Catch([&] { context->Run({View(images, {1, 1, 7, 9})}, outputs); });
  EXPECT_EQ(error.code(), "ERR_TRT_RUN_FAILED");
  EXPECT_EQ(error.where(), "Run");
  EXPECT_NE(std::string(error.what()).find("images"), std::string::npos) << error.what();
}

TEST_F(OrtTest, PassesStringsOfAnyContent) {
  const std::string model = test::OnnxModel()
                                .Input("x", {"n"}, test::kOnnxString)
                                .Output("y", {"n"}, test::kOnnxString)
                                .Node("Identity", "same", {"x"}, {"y"})
                                .Serialize();
  ort::ModelOptions options;
  options.model_data = model.data();
  options.model_bytes = model.size();
  auto executable = ort::LoadModel(OrtLibrary(), options);
  EXPECT_EQ(executable->inputs()[0].type, ElementType::kString);
  auto context = executable->CreateContext();
  const auto run = [&context](std::string block, int64_t count) {
    std::vector<OutputSlot> outputs(1);
    context->Run({{ElementType::kString, {count}, block.data(), block.size(), MemoryPlace::kHost}}, outputs);
    const TensorView& made = outputs[0].owned.view;
    EXPECT_EQ(made.type, ElementType::kString);
    EXPECT_EQ(made.dims, (std::vector<int64_t>{count}));
    return std::string(static_cast<const char*>(made.data), made.bytes);
  };
  // Lengths 2, 0, 4: "a\0", "", an emoji.
  const std::string three("\2\0\0\0\0\0\0\0\4\0\0\0a\0\xf0\x9f\x98\x80", 18);
  EXPECT_EQ(run(three, 3), three);
  EXPECT_EQ(run("", 0), "");
  EXPECT_EQ(Catch([&] { run(three.substr(1), 3); }).code(), "ERR_TRT_RUN_INPUT_SIZE");
}

TEST_F(OrtTest, LogsWhenTheRuntimeRan) {
  ort::ModelOptions options;
  options.model_path = DigitsModel();
  options.stage_log = std::make_shared<StageLog>();
  auto executable = ort::LoadModel(OrtLibrary(), options);
  auto context = executable->CreateContext();
  std::vector<float> images(64), logits(10);
  const std::vector<TensorView> inputs = {View(images, {1, 1, 8, 8})};
  auto bound = executable->Bind(inputs, {View(logits, {1, 10})});
  const double before = SteadyMilliseconds();
  std::vector<OutputSlot> outputs(1);
  context->Run(inputs, outputs);
  bound->Run();
  const double after = SteadyMilliseconds();
  // Neither learning shapes nor a run that fails is one.
  context->ResolveOutputs(inputs);
  Catch([&] { context->Run({View(images, {1, 1, 7, 9})}, outputs); });
  const StageLog::Taken taken = options.stage_log->Take();
  ASSERT_EQ(taken.rows.size(), 2u);
  double last = before;
  for (const StageTimes& row : taken.rows) {
    EXPECT_GE(row.compute_start, last);
    EXPECT_GT(row.compute_end, row.compute_start);
    EXPECT_TRUE(std::isnan(row.enqueue_start) && std::isnan(row.h2d_start) && std::isnan(row.d2h_end));
    last = row.compute_end;
  }
  EXPECT_LE(last, after);
  EXPECT_EQ(taken.rows[0].context, 0);
  EXPECT_EQ(taken.rows[1].context, 1);
}

TEST_F(OrtTest, WritesItsProfileWhenTheExecutableGoes) {
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / ("trtn-profile-" + std::to_string(getpid()));
  std::filesystem::create_directory(folder);
  ort::ModelOptions options;
  options.model_path = DigitsModel();
  options.profile_file_prefix = (folder / "profile").string();
  OwnedOutput kept;
  {
    auto executable = ort::LoadModel(OrtLibrary(), options);
    std::vector<float> images(64);
    std::vector<OutputSlot> outputs(1);
    executable->CreateContext()->Run({View(images, {1, 1, 8, 8})}, outputs);
    kept = std::move(outputs[0].owned);
  }
  // The model lives on in its output; the file is complete all the same.
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) files.push_back(entry.path());
  ASSERT_EQ(files.size(), 1u);
  EXPECT_EQ(files[0].filename().string().rfind("profile_", 0), 0u) << files[0];
  std::ifstream file(files[0]);
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  EXPECT_NE(text.find("model_run"), std::string::npos);
  EXPECT_EQ(text[text.find_last_not_of(" \n")], ']');
  std::filesystem::remove_all(folder);
}

TEST_F(OrtTest, AnInterruptedContextFailsItsRuns) {
  auto executable = Load();
  auto context = executable->CreateContext();
  context->Interrupt();
  std::vector<float> images(64);
  std::vector<OutputSlot> outputs(1);
  EXPECT_EQ(Catch([&] { context->Run({View(images, {1, 1, 8, 8})}, outputs); }).code(), "ERR_TRT_RUN_FAILED");
}

TEST_F(OrtTest, RefusesAModelThatIsNone) {
  const std::string text = "this is no model";
  ort::ModelOptions bytes;
  bytes.model_data = text.data();
  bytes.model_bytes = text.size();
  EXPECT_EQ(Catch([&] { ort::LoadModel(OrtLibrary(), bytes); }).code(), "ERR_TRT_RUN_MODEL");
  ort::ModelOptions missing;
  missing.model_path = Source("no-such-model.onnx");
  EXPECT_EQ(Catch([&] { ort::LoadModel(OrtLibrary(), missing); }).code(), "ERR_TRT_RUN_MODEL");
}

TEST(OrtLibraryTest, RefusesAFileThatIsNoOnnxRuntime) {
  const Error missing = Catch([] { ort::LibraryVersion("/nowhere/libonnxruntime.so"); });
  EXPECT_EQ(missing.code(), "ERR_TRT_LOAD_ONNXRUNTIME_NOT_FOUND");
  // A library that is always there and is something else.
  const Error other = Catch([] { ort::LibraryVersion("libm.so.6"); });
  EXPECT_EQ(other.code(), "ERR_TRT_LOAD_ONNXRUNTIME_NOT_FOUND");
  EXPECT_NE(std::string(other.what()).find("OrtGetApiBase"), std::string::npos);
}

}  // namespace
}  // namespace trtn
