// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include "engine.h"

namespace standin {

/// All weights of a plan are needed to refit it: getMissingWeights() names those that were not set, as with
/// an engine whose weights were stripped or combined.
class Refitter final : public nv::IRefitter, public nv::apiv::VRefitter, private Object {
 public:
  Refitter(Engine* engine, nv::ILogger* logger);
  ~Refitter() override { engine_.RefitterGone(); }

  nv::IRefitter* getPImpl() noexcept override { return this; }
  bool setWeights(char const*, nv::WeightsRole, const nv::Weights) noexcept override {
    NotImplemented("IRefitter::setWeights");
    return false;
  }
  bool refitCudaEngine() noexcept override { return Refit("IRefitter::refitCudaEngine"); }
  bool refitCudaEngineAsync(cudaStream_t stream) noexcept override;
  int32_t getMissing(int32_t, char const**, nv::WeightsRole*) noexcept override {
    NotImplemented("IRefitter::getMissing");
    return 0;
  }
  int32_t getAll(int32_t, char const**, nv::WeightsRole*) noexcept override {
    NotImplemented("IRefitter::getAll");
    return 0;
  }
  void setErrorRecorder(nv::IErrorRecorder* recorder) noexcept override { SetRecorder(recorder); }
  nv::IErrorRecorder* getErrorRecorder() const noexcept override { return recorder(); }
  bool setNamedWeights(char const* name, nv::Weights weights) noexcept override;
  int32_t getMissingWeights(int32_t size, char const** names) noexcept override;
  int32_t getAllWeights(int32_t size, char const** names) noexcept override;
  nv::ILogger* getLogger() const noexcept override { return CurrentLogger(); }
  bool setMaxThreads(int32_t) noexcept override { return true; }
  int32_t getMaxThreads() const noexcept override { return 1; }
  bool setNamedWeightsWithLocation(char const* name, nv::Weights weights,
                                   nv::TensorLocation location) noexcept override;
  nv::Weights getNamedWeights(char const* name) const noexcept override;
  nv::TensorLocation getWeightsLocation(char const*) const noexcept override {
    return nv::TensorLocation::kHOST;
  }
  bool unsetNamedWeights(char const* name) noexcept override { return set_.erase(name) > 0; }
  void setWeightsValidation(bool validation) noexcept override { validates_ = validation; }
  bool getWeightsValidation() const noexcept override { return validates_; }
  nv::Weights getWeightsPrototype(char const* name) const noexcept override;
#if STANDIN_IS_10
  bool setDynamicRange(char const*, float, float) noexcept override { return false; }
  float getDynamicRangeMin(char const*) const noexcept override { return 0; }
  float getDynamicRangeMax(char const*) const noexcept override { return 0; }
  int32_t getTensorsWithDynamicRange(int32_t, char const**) const noexcept override { return 0; }
#else
  bool releaseRefitResources() noexcept override { return !Enter("IRefitter::releaseRefitResources"); }
#endif

 private:
  bool Refit(const char* entry);
  int32_t Names(int32_t size, char const** names, bool only_missing) const;

  LoggerHold hold_;
  Engine& engine_;
  std::map<std::string, Weights> set_;
  bool validates_ = true;
};

}  // namespace standin
