// SPDX-License-Identifier: Apache-2.0
// What the tests of native/gpu share: plans of the stand-in TensorRT on the stand-in driver.
#pragma once

#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/engine_control.h"
#include "core/executable.h"
#include "gpu/gpu_model.h"
#include "test/support/plan_test.h"
#include "test/support/standin_driver.h"

namespace trtn::gpu {

class GpuTest : public cuda::StandinTest {
 protected:
  static GpuModelOptions OptionsFor(Family family) {
    GpuModelOptions options;
    options.libraries.library = trt::StandinInfer(family);
    options.libraries.parser = trt::StandinParser(family);
    options.libraries.driver_path = cuda::StandinDriverPath();
    return options;
  }
  static std::shared_ptr<Executable> LoadFor(Family family, const std::string& text,
                                             GpuModelOptions options) {
    const std::string plan = trt::MakePlan(family, text);
    options.plan_data = plan.data();
    options.plan_bytes = plan.size();
    return LoadPlan(options);
  }

  static GpuModelOptions Options() { return OptionsFor(Family::kTensorRt11); }
  static std::shared_ptr<Executable> Load(const std::string& text,
                                          const GpuModelOptions& options = Options()) {
    return LoadFor(Family::kTensorRt11, text, options);
  }

  /// Calls since the last "reset", of the driver and of TensorRT ("IExecutionContext::enqueueV3").
  static std::map<std::string, int> AllCalls() {
    const std::string json = cuda::StandinControl("calls");
    std::map<std::string, int> calls;
    size_t at = json.find('{', json.find("\"entries\""));
    while ((at = json.find('"', at + 1)) != std::string::npos) {
      const size_t end = json.find('"', at + 1);
      calls[json.substr(at + 1, end - at - 1)] = std::atoi(json.c_str() + end + 2);
      at = end;
    }
    return calls;
  }

  /// Page-locked memory with these values.
  template <typename T>
  static std::shared_ptr<void> Fill(Executable& executable, const std::vector<T>& values) {
    std::shared_ptr<void> memory = executable.host_pool()->AcquireShared(values.size() * sizeof(T));
    if (!values.empty()) std::memcpy(memory.get(), values.data(), values.size() * sizeof(T));
    return memory;
  }

  static TensorView View(ElementType type, std::vector<int64_t> dims, void* data) {
    TensorView view;
    view.type = type;
    view.bytes = TensorBytes(type, dims);
    view.dims = std::move(dims);
    view.data = data;
    return view;
  }

  static std::vector<float> Floats(const TensorView& view) {
    std::vector<float> values(view.bytes / sizeof(float));
    if (!values.empty()) std::memcpy(values.data(), view.data, values.size() * sizeof(float));
    return values;
  }

  static std::vector<float> Counting(size_t count, float first = 1) {
    std::vector<float> values(count);
    for (size_t i = 0; i < count; ++i) values[i] = first + static_cast<float>(i);
    return values;
  }

  static std::vector<float> Doubled(std::vector<float> values) {
    for (float& value : values) value *= 2;
    return values;
  }

  /// Runs ScalePlan() (y = 2 x, rows of 4) once; the output's memory is the run's own.
  static std::vector<float> RunScale(Executable& executable, ExecutionContext& context,
                                     const std::vector<float>& x) {
    std::shared_ptr<void> memory = Fill(executable, x);
    std::vector<OutputSlot> outputs(1);
    context.Run({View(ElementType::kFloat32, {static_cast<int64_t>(x.size() / 4), 4}, memory.get())},
                outputs);
    return Floats(outputs[0].owned.view);
  }
};

/// The same with each family's TensorRT.
class GpuFamilyTest : public GpuTest, public testing::WithParamInterface<Family> {
 protected:
  /// Graphs are ours in each family: with lazy kernels TensorRT-RTX would make its own.
  static GpuModelOptions Options() {
    GpuModelOptions options = OptionsFor(GetParam());
    if (GetParam() == Family::kTensorRtRtx)
      options.context.dynamic_shape_kernels = trt::DynamicShapeKernels::kEager;
    return options;
  }
  static std::shared_ptr<Executable> Load(const std::string& text,
                                          const GpuModelOptions& options = Options()) {
    return LoadFor(GetParam(), text, options);
  }
};

}  // namespace trtn::gpu
