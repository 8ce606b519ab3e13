// SPDX-License-Identifier: Apache-2.0
// What a deserialised plan tells, its options, its runtime cache, and new weights for it.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "core/error.h"
#include "test/support/onnx_model.h"
#include "test/support/plan_test.h"

namespace trtn::trt {
namespace {

class PlanEngineTest : public PlanTest {
 protected:
  /// What the scale plan makes of [1, 2, 3, 4].
  std::vector<float> Run(PlanEngine& engine) {
    const auto context = engine.CreateContext({});
    const cuda::DeviceMemory x = Allocate(16), y = Allocate(16);
    Upload(x, {1, 2, 3, 4});
    context->SetInputShape(0, {1, 4});
    context->SetAddress(0, reinterpret_cast<void*>(x.get()));
    context->SetAddress(1, reinterpret_cast<void*>(y.get()));
    EXPECT_TRUE(context->InferShapes().empty());
    context->Enqueue(stream_->get());
    return Download(y.get(), 4);
  }

  static RefitRequest Bytes(const std::string& model) {
    RefitRequest request;
    request.model_data = model.data();
    request.model_bytes = model.size();
    return request;
  }
};

TEST_P(PlanEngineTest, DescribesItsTensors) {
  const auto engine = Load(
      "input x float16 -1,4\ninput s int64 2 host\noutput y float16 -1,-1\n"
      "profile x 1,4 4,4 8,4 s 2 2 2\nvalues s 1,1 4,4 8,8\nlayer reshape x s y\n");
  const std::vector<PlanTensor>& tensors = engine->tensors();
  ASSERT_EQ(tensors.size(), 3u);
  EXPECT_EQ(tensors[0].info.name, "x");
  EXPECT_EQ(tensors[0].info.type, ElementType::kFloat16);
  EXPECT_EQ(tensors[0].info.dims, (std::vector<int64_t>{-1, 4}));
  EXPECT_EQ(tensors[0].info.dim_names.size(), 2u);
  EXPECT_TRUE(tensors[0].is_input);
  EXPECT_FALSE(tensors[0].is_on_host);
  EXPECT_TRUE(tensors[0].is_linear);
  EXPECT_EQ(tensors[0].components_per_element, 1);
  EXPECT_EQ(tensors[0].vector_dim, -1);
  EXPECT_TRUE(tensors[1].is_on_host);
  EXPECT_TRUE(tensors[1].info.is_shape_tensor);
  EXPECT_FALSE(tensors[2].is_input);
}

TEST_P(PlanEngineTest, DescribesItsProfiles) {
  const auto engine = Load(ScalePlan());
  ASSERT_EQ(engine->profiles().size(), 2u);
  const EngineControl::Range& range = engine->profiles()[1].at(0);
  EXPECT_FALSE(range.is_values);
  EXPECT_EQ(range.min, (std::vector<int64_t>{16, 4}));
  EXPECT_EQ(range.opt, (std::vector<int64_t>{16, 4}));
  EXPECT_EQ(range.max, (std::vector<int64_t>{32, 4}));
}

TEST_P(PlanEngineTest, GivesTheValuesOfShapeTensors) {
  const auto engine = Load(
      "input x float32 -1,4\ninput s int64 2 host\noutput y float32 -1,-1\n"
      "profile x 1,4 4,4 8,4 s 2 2 2\nvalues s 1,1 4,4 8,8\nlayer reshape x s y\n");
  const EngineControl::Range& range = engine->profiles().at(0).at(1);
  EXPECT_TRUE(range.is_values);
  EXPECT_EQ(range.min, (std::vector<int64_t>{1, 1}));
  EXPECT_EQ(range.max, (std::vector<int64_t>{8, 8}));
}

TEST_P(PlanEngineTest, GivesItsStatistics) {
  const auto engine = Load(
      std::string("aux-streams 2\nmemory-bytes 8192\nstreamable-bytes 4096\nrefittable\n") + ScalePlan());
  EXPECT_EQ(engine->aux_streams(), 2);
  EXPECT_EQ(engine->device_memory_bytes(), 8192);
  const auto list = engine->Statistics();
  const std::map<std::string, double> statistics(list.begin(), list.end());
  EXPECT_EQ(statistics.at("layers"), 1);
  EXPECT_EQ(statistics.at("profiles"), 2);
  EXPECT_EQ(statistics.at("auxStreams"), 2);
  EXPECT_EQ(statistics.at("deviceMemoryBytes"), 8192);
  EXPECT_EQ(statistics.at("refittable"), 1);
  EXPECT_EQ(statistics.at("weightsBytes"), 4096 + 4);
  EXPECT_EQ(statistics.at("streamableWeightsBytes"), 4096);
  EXPECT_EQ(statistics.at("weightStreamingBudgetBytes"), 4096);
}

TEST_P(PlanEngineTest, InspectsItself) {
  const auto engine = Load(
      "input x float32 1,4\noutput y float32 1,4\ndebug inner\nweight two 2\n"
      "layer scale x inner two\nlayer scale inner y two\n");
  EXPECT_EQ(engine->InspectorJson().front(), '{');
  EXPECT_EQ(engine->DebugTensors(), std::vector<std::string>{"inner"});
  cuda::StandinControl("fault IEngineInspector::getEngineInformation 1 1");
  EXPECT_EQ(ErrorOf([&] { engine->InspectorJson(); }).code(), "ERR_TRT_RUN_FAILED");
}

TEST_P(PlanEngineTest, LimitsTheWeightsOnTheDevice) {
  const auto engine = Load(std::string("streamable-bytes 4096\n") + ScalePlan());
  const auto budget = [&] {
    const auto list = engine->Statistics();
    return std::map<std::string, double>(list.begin(), list.end()).at("weightStreamingBudgetBytes");
  };
  engine->SetWeightStreamingBudget(1024);
  EXPECT_EQ(budget(), 1024);
  engine->SetWeightStreamingBudget(1 << 20);
  EXPECT_EQ(budget(), 4096);
  engine->SetWeightStreamingBudget(-1);
  EXPECT_EQ(budget(), 2048);
  const auto context = engine->CreateContext({});
  EXPECT_EQ(ErrorOf([&] { engine->SetWeightStreamingBudget(1); }).code(), "ERR_TRT_RUN_FAILED");
}

TEST_P(PlanEngineTest, RefusesABudgetWhereNothingIsStreamed) {
  const auto engine = Load(ScalePlan());
  EXPECT_EQ(ErrorOf([&] { engine->SetWeightStreamingBudget(1024); }).code(), "ERR_TRT_RUN_UNSUPPORTED");
  engine->SetWeightStreamingBudget(-1);
}

TEST_P(PlanEngineTest, OutlivesWhoMadeIt) {
  auto engine = Load(ScalePlan());
  const auto context = engine->CreateContext({});
  engine.reset();
  context->SetInputShape(0, {2, 4});
  EXPECT_EQ(context->Shape(1), (std::vector<int64_t>{2, 4}));
}

TEST_P(PlanEngineTest, TellsWhatAContextNeedsWhenMemoryRunsOut) {
  const auto engine = Load(std::string("memory-bytes 65536\n") + ScalePlan());
  cuda::StandinControl("fault cuMemAlloc 1 2");
  const Error error = ErrorOf([&] { engine->CreateContext({}); });
  EXPECT_EQ(error.code(), "ERR_TRT_CUDA_OUT_OF_MEMORY");
  EXPECT_EQ(Detail(error, "needed"), "65536");
  EXPECT_EQ(error.where(), "ICudaEngine::createExecutionContext");
  engine->CreateContext({});
}

TEST_P(PlanEngineTest, KeepsARuntimeCacheWhereThereIsOne) {
  const auto engine = Load(ScalePlan());
  if (!IsRtx()) {
    const Error error = ErrorOf([&] { engine->SerializeRuntimeCache(); });
    EXPECT_EQ(error.code(), "ERR_TRT_RUN_UNSUPPORTED");
    EXPECT_NE(std::string(error.what()).find("TensorRT-RTX 1.3"), std::string::npos);
    EXPECT_EQ(ErrorOf([&] { engine->LoadRuntimeCache({1}); }).code(), "ERR_TRT_RUN_UNSUPPORTED");
    return;
  }
  const std::vector<uint8_t> empty = engine->SerializeRuntimeCache();
  engine->CreateContext({});
  const std::vector<uint8_t> filled = engine->SerializeRuntimeCache();
  EXPECT_GT(filled.size(), empty.size());
  EXPECT_EQ(Calls("compileKernel"), 1);

  const auto later = Load(ScalePlan());
  later->LoadRuntimeCache(filled);
  later->CreateContext({});
  EXPECT_EQ(Calls("compileKernel"), 1);
}

TEST_P(PlanEngineTest, GoesOnWithADamagedRuntimeCache) {
  if (!IsRtx()) GTEST_SKIP() << "TensorRT-RTX only";
  const auto engine = Load(ScalePlan());
  engine->LoadRuntimeCache({1, 2, 3});
  EXPECT_EQ(Run(*engine), (std::vector<float>{2, 4, 6, 8}));
}

TEST_P(PlanEngineTest, RefusesTheOptionsOfRtxElsewhere) {
  const auto engine = Load(ScalePlan());
  ContextOptions kernels, graphs;
  kernels.dynamic_shape_kernels = DynamicShapeKernels::kEager;
  graphs.library_graphs = true;
  for (const ContextOptions& options : {kernels, graphs}) {
    if (IsRtx()) {
      engine->CreateContext(options);
    } else {
      EXPECT_EQ(ErrorOf([&] { engine->CreateContext(options); }).code(), "ERR_TRT_RUN_UNSUPPORTED");
    }
  }
}

TEST_P(PlanEngineTest, TakesNewWeights) {
  const auto engine = Load(std::string("refittable\n") + ScalePlan());
  EXPECT_EQ(Run(*engine), (std::vector<float>{2, 4, 6, 8}));
  const std::string model = test::OnnxModel().Weights("two", {1}, 3).Serialize();
  engine->Refit(Bytes(model), stream_->get());
  EXPECT_EQ(Run(*engine), (std::vector<float>{3, 6, 9, 12}));
}

TEST_P(PlanEngineTest, SaysWhyItTakesNoNewWeights) {
  const std::string good = test::OnnxModel().Weights("two", {1}, 3).Serialize();
  const auto refusal = [&](const std::string& plan, const std::string& model,
                           const RuntimeLibraryOptions& libraries) {
    const auto engine = Load(plan, libraries);
    return ErrorOf([&] { engine->Refit(Bytes(model), stream_->get()); });
  };
  const std::string refittable = std::string("refittable\n") + ScalePlan();
  EXPECT_EQ(refusal(ScalePlan(), good, Libraries()).code(), "ERR_TRT_RUN_REFIT");
  RuntimeLibraryOptions without = Libraries();
  without.parser.clear();
  EXPECT_EQ(refusal(refittable, good, without).code(), "ERR_TRT_RUN_REFIT");

  const std::string other = test::OnnxModel().Weights("three", {1}, 3).Serialize();
  const Error none = refusal(refittable, other, Libraries());
  EXPECT_EQ(none.code(), "ERR_TRT_RUN_REFIT");

  const std::string more = "refittable\nweight bias 1\n" + std::string(ScalePlan());
  const Error missing = refusal(more, good, Libraries());
  EXPECT_EQ(missing.code(), "ERR_TRT_RUN_REFIT");
  EXPECT_EQ(Detail(missing, "missing"), "bias");
}

TRTN_FOR_ALL_FAMILIES(PlanEngineTest);

}  // namespace
}  // namespace trtn::trt
