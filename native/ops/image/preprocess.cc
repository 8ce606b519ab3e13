// SPDX-License-Identifier: Apache-2.0
#include "ops/image/preprocess.h"

#include <algorithm>
#include <memory>
#include <vector>

#include "ops/element_dispatch.h"
#include "ops/image/preprocess_plan.h"
#include "ops/image/preprocess_rows.h"
#include "ops/image/preprocess_twin.h"
#include "ops/operator.h"

namespace trtn::ops {

namespace {

class PreprocessOperator final : public Operator {
 public:
  explicit PreprocessOperator(const Attributes& attributes) : plan_(attributes) {}

  void RunOnCpu(const OperatorMemory& memory, Workers& workers) const override {
    plan_.Check(memory);
    const std::vector<uint8_t> table = plan_.MakeTable(memory);
    const PreprocessArguments arguments = plan_.MakeArguments(memory, table.data());
    WithPreprocessType(memory.outputs[0].type, [&](auto tag) {
      RunPreprocessTwin<typename decltype(tag)::Type>(arguments, memory, workers);
    });
  }

  std::vector<uint8_t> DeviceTable(const OperatorMemory& memory) const override {
    plan_.Check(memory);
    return plan_.MakeTable(memory);
  }

  std::vector<KernelLaunch> Launches(const OperatorMemory& memory) const override {
    const PreprocessArguments arguments = plan_.MakeArguments(memory, memory.table);
    if (arguments.images == 0) return {};
    const uint32_t across = BlocksFor(arguments.width, kPreprocessTileWidth);
    const uint32_t down = BlocksFor(arguments.height, kPreprocessTileHeight);
    const Extent grid{across * down, static_cast<uint32_t>(std::min<int64_t>(arguments.images, 65535)), 1};
    const ElementType type = memory.outputs[0].type;
    WithPreprocessType(type, [](auto) {});
    return {MakeLaunch(std::string("preprocess_") + ElementSuffix(type), grid, Extent{kPreprocessBlock, 1, 1},
                       arguments)};
  }

 private:
  /// Calls `use` with the C++ type of an element type that the operator writes.
  template <class Use>
  static void WithPreprocessType(ElementType type, Use&& use) {
    if (type == ElementType::kUInt8) return use(ElementTag<uint8_t>{});
    if (type == ElementType::kInt8) return use(ElementTag<int8_t>{});
    return WithFloatType(type, use);
  }

  PreprocessPlan plan_;
};

}  // namespace

std::unique_ptr<Operator> MakePreprocessImages(const Attributes& attributes) {
  return std::make_unique<PreprocessOperator>(attributes);
}

}  // namespace trtn::ops
