// SPDX-License-Identifier: Apache-2.0
// A library of plugins with one creator, "StandinScale" version "1": what a plan with the line
// `plugin StandinScale 1` needs. Creators of this kind look alike in all families.
#include "nv.h"

namespace {

class Creator final : public nvinfer1::IPluginCreatorV3One {
 public:
  nvinfer1::IPluginV3* createPlugin(nvinfer1::AsciiChar const*, nvinfer1::PluginFieldCollection const*,
                                    nvinfer1::TensorRTPhase) noexcept override {
    return nullptr;
  }
  nvinfer1::PluginFieldCollection const* getFieldNames() noexcept override { return &fields_; }
  nvinfer1::AsciiChar const* getPluginName() const noexcept override { return "StandinScale"; }
  nvinfer1::AsciiChar const* getPluginVersion() const noexcept override { return "1"; }
  nvinfer1::AsciiChar const* getPluginNamespace() const noexcept override { return ""; }

 private:
  nvinfer1::PluginFieldCollection fields_{};
};

}  // namespace

extern "C" {

TENSORRTAPI void setLoggerFinder(nvinfer1::ILoggerFinder*) {}

TENSORRTAPI nvinfer1::IPluginCreatorInterface* const* getCreators(int32_t& count) {
  static Creator creator;
  static nvinfer1::IPluginCreatorInterface* const creators[] = {&creator};
  count = 1;
  return creators;
}

}  // extern "C"
