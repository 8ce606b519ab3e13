// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "object.h"
#include "plan.h"

namespace standin {

class Inspector final : public nv::IEngineInspector, public nv::apiv::VEngineInspector, private Object {
 public:
  explicit Inspector(std::shared_ptr<const Plan> plan) : Object("IEngineInspector"), plan_(std::move(plan)) {
    mImpl = this;
  }

  nv::IEngineInspector* getPImpl() noexcept override { return this; }
  bool setExecutionContext(nv::IExecutionContext const* context) noexcept override {
    context_ = context;
    return !Enter("IEngineInspector::setExecutionContext");
  }
  nv::IExecutionContext const* getExecutionContext() const noexcept override { return context_; }
  char const* getLayerInformation(int32_t layer, nv::LayerInformationFormat format) const noexcept override;
  char const* getEngineInformation(nv::LayerInformationFormat format) const noexcept override;
  void setErrorRecorder(nv::IErrorRecorder* recorder) noexcept override { SetRecorder(recorder); }
  nv::IErrorRecorder* getErrorRecorder() const noexcept override { return recorder(); }

 private:
  const std::shared_ptr<const Plan> plan_;
  const nv::IExecutionContext* context_ = nullptr;
  /// What was returned last: valid until the next question, as with the real one.
  mutable std::string text_;
};

}  // namespace standin
