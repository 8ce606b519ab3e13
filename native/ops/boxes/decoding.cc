// SPDX-License-Identifier: Apache-2.0
#include "ops/boxes/decoding.h"

#include <map>
#include <string>

#include "core/error.h"
#include "ops/boxes/box_views.h"
#include "ops/boxes/decoding_operator.h"

namespace trtn::ops {
namespace {

BoxForm FormNamed(const std::string& name) {
  static const auto* const forms = new std::map<std::string, BoxForm>{
      {"center", BoxForm::kCenter}, {"corners", BoxForm::kCorners}, {"yolov3", BoxForm::kYoloV3},
      {"yolov5", BoxForm::kYoloV5}, {"yolox", BoxForm::kYoloX},     {"distances", BoxForm::kDistances},
      {"deltas", BoxForm::kDeltas}};
  const auto found = forms->find(name);
  if (found == forms->end()) throw Error("ERR_TRT_RUN_FAILED", "There is no form of boxes \"" + name + "\".");
  return found->second;
}

std::string KernelOf(ElementType type) { return std::string("decode_boxes_") + ElementTypeName(type); }

class BoxDecoding final : public Operator {
 public:
  explicit BoxDecoding(const Attributes& attributes) {
    settings_.form = FormNamed(attributes.Text("form"));
    settings_.is_channels_first = attributes.Flag("channelsFirst");
    settings_.is_sigmoid = attributes.Flag("sigmoid");
    settings_.is_cell_major = attributes.Flag("cellMajor");
    settings_.are_anchors_corners = attributes.Flag("anchorCorners");
    settings_.has_objectness = attributes.Flag("objectness");
    settings_.first_class = static_cast<int32_t>(attributes.Integer("firstClass"));
    const std::vector<double>& scale = attributes.Numbers("scale");
    settings_.scale_x = static_cast<float>(scale.at(0));
    settings_.scale_y = static_cast<float>(scale.at(1));
    const std::vector<double>& variances = attributes.Numbers("variances");
    for (int at = 0; at < 4; at++) settings_.variances[at] = static_cast<float>(variances.at(at));
    ReadLevels(attributes);
  }

  void RunOnCpu(const OperatorMemory& memory, Workers& workers) const override {
    DecodeOnCpu(Describe(memory), memory.inputs[0].type, memory.inputs[0].dims[0], workers);
  }

  std::vector<KernelLaunch> Launches(const OperatorMemory& memory) const override {
    const DecodeArguments arguments = Describe(memory);
    const int64_t images = memory.inputs[0].dims[0];
    if (images == 0 || arguments.count == 0) return {};
    const Extent grid{BlocksFor(arguments.count, kDecodeThreads), static_cast<uint32_t>(images)};
    return {MakeLaunch(KernelOf(memory.inputs[0].type), grid, {kDecodeThreads}, arguments)};
  }

 private:
  /// `levels`: width, height, stride and boxes of a cell, for each; `anchors`: widths and heights of those
  /// boxes.
  void ReadLevels(const Attributes& attributes) {
    const std::vector<double>&levels = attributes.Numbers("levels"), &sizes = attributes.Numbers("anchors");
    if (levels.size() > kMaxDecodeLevels * 4 || sizes.size() > kMaxDecodeAnchors * 2) {
      throw Error("ERR_TRT_RUN_FAILED", "A head with more levels or anchors than there is room for.");
    }
    settings_.level_count = static_cast<int32_t>(levels.size() / 4);
    for (int32_t at = 0; at < settings_.level_count; at++) {
      DecodeLevel& level = settings_.levels[at];
      level.first = cells_;
      level.width = static_cast<int32_t>(levels[at * 4]);
      level.height = static_cast<int32_t>(levels[at * 4 + 1]);
      level.stride = static_cast<float>(levels[at * 4 + 2]);
      level.anchors = static_cast<int32_t>(levels[at * 4 + 3]);
      level.first_anchor = anchors_;
      cells_ += static_cast<int64_t>(level.width) * level.height * level.anchors;
      anchors_ += level.anchors;
    }
    for (size_t at = 0; at < sizes.size(); at++) settings_.anchor_sizes[at] = static_cast<float>(sizes[at]);
    if (anchors_ > kMaxDecodeAnchors) throw Error("ERR_TRT_RUN_FAILED", "A head with too many anchors.");
  }

  static void Check(const OperatorMemory& memory, const DecodeArguments& arguments) {
    constexpr const char* kName = "decodeBoxes";
    const int64_t boxes = memory.inputs[0].dims[0] * arguments.count;
    const bool has_classes = memory.outputs.size() > 2;
    RequireElements(memory.inputs[0], boxes * arguments.channels, kName);
    if (arguments.form == BoxForm::kDeltas)
      RequireElementsOf<float>(memory.inputs.at(1), arguments.count * 4, kName);
    RequireElementsOf<float>(memory.outputs[0], boxes * 4, kName);
    RequireElementsOf<float>(memory.outputs.at(1), has_classes ? boxes : boxes * arguments.class_count,
                             kName);
    if (has_classes) RequireElementsOf<int32_t>(memory.outputs[2], boxes, kName);
  }

  DecodeArguments Describe(const OperatorMemory& memory) const {
    DecodeArguments arguments = settings_;
    const TensorView& head = memory.inputs[0];
    arguments.count = head.dims.at(arguments.is_channels_first ? 2 : 1);
    arguments.channels = head.dims.at(arguments.is_channels_first ? 1 : 2);
    arguments.class_count = arguments.channels - arguments.first_class;
    if (arguments.class_count < 1 || (arguments.level_count > 0 && arguments.count != cells_)) {
      throw Error("ERR_TRT_RUN_FAILED", "A head whose shape is not that of its levels and classes.");
    }
    Check(memory, arguments);
    arguments.head = head.data;
    if (arguments.form == BoxForm::kDeltas) {
      arguments.anchors = static_cast<const float*>(memory.inputs[1].data);
    }
    arguments.boxes = static_cast<float*>(memory.outputs[0].data);
    arguments.scores = static_cast<float*>(memory.outputs[1].data);
    if (memory.outputs.size() > 2) arguments.classes = static_cast<int32_t*>(memory.outputs[2].data);
    return arguments;
  }

  DecodeArguments settings_{};
  int64_t cells_ = 0;
  int32_t anchors_ = 0;
};

}  // namespace

std::unique_ptr<Operator> MakeBoxDecoding(const Attributes& attributes) {
  return std::make_unique<BoxDecoding>(attributes);
}

}  // namespace trtn::ops
