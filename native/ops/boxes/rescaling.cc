// SPDX-License-Identifier: Apache-2.0
#include "ops/boxes/rescaling.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "ops/boxes/box_views.h"
#include "ops/boxes/rescaling_operators.h"
#include "ops/element_dispatch.h"

namespace trtn::ops {
namespace {

constexpr int64_t kValueGrain = 4096;
constexpr int64_t kLineGrain = 16;

class CoordinateRescaling final : public Operator {
 public:
  explicit CoordinateRescaling(const Attributes& attributes)
      : coordinates_(attributes.Integer("coordinates")) {}

  void RunOnCpu(const OperatorMemory& memory, Workers& workers) const override {
    const RescaleArguments arguments = Describe(memory);
    workers.ParallelFor(arguments.count, kValueGrain, [&](int64_t begin, int64_t end) {
      for (int64_t index = begin; index < end; index++)
        arguments.out[index] = RescaledValue(arguments, index);
    });
  }

  std::vector<KernelLaunch> Launches(const OperatorMemory& memory) const override {
    const RescaleArguments arguments = Describe(memory);
    if (arguments.count == 0) return {};
    return {MakeLaunch("rescale_coordinates", {BlocksFor(arguments.count, kRescaleThreads)},
                       {kRescaleThreads}, arguments)};
  }

 private:
  RescaleArguments Describe(const OperatorMemory& memory) const {
    const std::vector<int64_t>& dims = memory.inputs[0].dims;
    const int64_t count = static_cast<int64_t>(ElementCount(dims)), rows = memory.inputs.at(1).dims.at(0);
    constexpr const char* kName = "rescaleCoordinates";
    RequireElementsOf<float>(memory.inputs[0], count, kName);
    // One row for each image: as many numbers each.
    RequireElementsOf<float>(memory.inputs[1],
                             (count == 0 || (rows > 0 && count % rows == 0) ? rows : -1) * kMappingValues,
                             kName);
    RequireElementsOf<float>(memory.outputs[0], count, kName);
    RescaleArguments arguments{};
    arguments.values = static_cast<const float*>(memory.inputs[0].data);
    arguments.mappings = static_cast<const float*>(memory.inputs[1].data);
    arguments.out = static_cast<float*>(memory.outputs[0].data);
    arguments.count = count;
    arguments.per_image = count == 0 ? 1 : count / rows;
    arguments.per_item = dims.back();
    arguments.coordinates = coordinates_;
    return arguments;
  }

  int64_t coordinates_;
};

/// The pixels of a line or column that can be inside a box; in no case more than there are.
struct PixelRange {
  int64_t begin, end;
};

PixelRange PixelsOf(float low, float high, int64_t size) {
  const float most = static_cast<float>(size);
  // NaN fails both comparisons and leaves nothing.
  if (!(low < most) || !(high > 0.0f)) return {0, 0};
  const int64_t begin = low > 0.0f ? static_cast<int64_t>(low) : 0;
  const int64_t end = high < most ? static_cast<int64_t>(high) + 1 : size;
  return {begin, std::min(end, size)};
}

/// One line of one mask: nothing but zeros outside its box.
template <class T>
void WriteMaskLine(const MaskArguments& arguments, int64_t mask, int64_t y) {
  uint8_t* to = arguments.out + (mask * arguments.height + y) * arguments.width;
  const BoxCorners box = LoadBox(arguments.boxes + mask * 4);
  const float top = static_cast<float>(y);
  std::memset(to, 0, static_cast<size_t>(arguments.width));
  if (!(top >= box.y1 && top < box.y2)) return;
  const PixelRange range = PixelsOf(box.x1, box.x2, arguments.width);
  for (int64_t x = range.begin; x < range.end; x++) to[x] = MaskPixel<T>(arguments, mask, y, x);
}

class MaskRescaling final : public Operator {
 public:
  explicit MaskRescaling(const Attributes& attributes)
      : model_width_(static_cast<float>(attributes.Number("modelWidth"))),
        model_height_(static_cast<float>(attributes.Number("modelHeight"))),
        threshold_(static_cast<float>(attributes.Number("threshold"))),
        inside_(static_cast<int32_t>(attributes.Integer("inside"))) {}

  void RunOnCpu(const OperatorMemory& memory, Workers& workers) const override {
    const MaskArguments arguments = Describe(memory);
    WithFloatType(memory.inputs[0].type, [&](auto tag) {
      using T = typename decltype(tag)::Type;
      workers.ParallelFor(arguments.masks * arguments.height, kLineGrain, [&](int64_t begin, int64_t end) {
        for (int64_t line = begin; line < end; line++) {
          WriteMaskLine<T>(arguments, line / arguments.height, line % arguments.height);
        }
      });
    });
  }

  std::vector<KernelLaunch> Launches(const OperatorMemory& memory) const override {
    const MaskArguments arguments = Describe(memory);
    const int64_t pixels = arguments.masks * arguments.height * arguments.width;
    if (pixels == 0) return {};
    const int64_t words = (pixels + kMaskPixels - 1) / kMaskPixels;
    return {MakeLaunch(std::string("rescale_masks_") + ElementTypeName(memory.inputs[0].type),
                       {BlocksFor(words, kRescaleThreads)}, {kRescaleThreads}, arguments)};
  }

 private:
  MaskArguments Describe(const OperatorMemory& memory) const {
    const std::vector<int64_t>&from = memory.inputs[0].dims, &to = memory.outputs[0].dims;
    constexpr const char* kName = "rescaleMasks";
    RequireElements(memory.inputs[0], from.at(0) * from.at(1) * from.at(2), kName);
    RequireElementsOf<float>(memory.inputs.at(1), from[0] * 4, kName);
    RequireElementsOf<float>(memory.inputs.at(2), kMappingValues, kName);
    RequireElementsOf<uint8_t>(memory.outputs[0], from[0] * to.at(1) * to.at(2), kName);
    MaskArguments arguments{};
    arguments.logits = memory.inputs[0].data;
    arguments.boxes = static_cast<const float*>(memory.inputs[1].data);
    arguments.mapping = static_cast<const float*>(memory.inputs[2].data);
    arguments.out = static_cast<uint8_t*>(memory.outputs[0].data);
    arguments.masks = from[0];
    arguments.mask_height = from[1];
    arguments.mask_width = from[2];
    arguments.height = to[1];
    arguments.width = to[2];
    arguments.model_width = model_width_;
    arguments.model_height = model_height_;
    arguments.threshold = threshold_;
    arguments.inside = inside_;
    return arguments;
  }

  float model_width_, model_height_, threshold_;
  int32_t inside_;
};

}  // namespace

std::unique_ptr<Operator> MakeCoordinateRescaling(const Attributes& attributes) {
  return std::make_unique<CoordinateRescaling>(attributes);
}

std::unique_ptr<Operator> MakeMaskRescaling(const Attributes& attributes) {
  return std::make_unique<MaskRescaling>(attributes);
}

}  // namespace trtn::ops
