// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <memory>
#include <string>

#include "core/builder.h"
#include "core/error.h"
#include "test/support/error_details.h"
#include "trt/library.h"

namespace trtn::test {

/// Tests that need the TensorRT-RTX library of .sdk; they say so and skip where it is not.
class RtxTest : public testing::Test {
 protected:
  static std::string Library() { return Folder() + "/libtensorrt_rtx.so.1"; }
  static std::string Parser() { return Folder() + "/libtensorrt_onnxparser_rtx.so.1"; }

  void SetUp() override {
    struct stat info;
    if (stat(Library().c_str(), &info) != 0) {
      GTEST_SKIP() << "needs " << Library() << " (`npm run sdk` installs it)";
    }
    backend_ = trt::OpenBuilderBackend(Library(), Parser(), "/nowhere/libcuda.so.1");
  }

  /// Builds `model` from memory with the other fields of `request`.
  BuildResult Build(const std::string& model, BuildRequest request = {}, const BuildObserver& observer = {}) {
    request.model_data = model.data();
    request.model_bytes = model.size();
    return backend_->Build(request, observer);
  }

  /// The error of a build that must fail.
  Error FailureOf(const std::string& model, BuildRequest request = {}, const BuildObserver& observer = {}) {
    try {
      Build(model, std::move(request), observer);
    } catch (const Error& error) {
      return error;
    }
    ADD_FAILURE() << "the build did not fail";
    return Error("none", "the build did not fail");
  }

  std::shared_ptr<BuilderBackend> backend_;

 private:
  static std::string Folder() { return std::string(TRTN_TEST_SDK_DIR) + "/python/tensorrt_rtx_libs"; }
};

}  // namespace trtn::test
