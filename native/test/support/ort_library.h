// SPDX-License-Identifier: Apache-2.0
// The libonnxruntime that tests run against: that of the npm package onnxruntime-node.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "core/error.h"

namespace trtn::test {

#if defined(__aarch64__)
constexpr char kArch[] = "arm64";
#else
constexpr char kArch[] = "x64";
#endif

inline std::string Source(const std::string& path) { return std::string(TRTN_TEST_SOURCE_DIR) + "/" + path; }

inline std::string OrtLibrary() {
  return Source(std::string("node_modules/onnxruntime-node/bin/napi-v6/linux/") + kArch +
                "/libonnxruntime.so.1");
}

/// `images` [batch, 1, 8, 8] to `logits` [batch, 10].
inline std::string DigitsModel() { return Source("examples/digits/digits.onnx"); }

/// Skips where the library is not there.
class OrtTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(OrtLibrary())) GTEST_SKIP() << "no " << OrtLibrary() << ": run npm ci first";
  }
};

/// What `action` throws; an error with the code "none" if nothing.
template <typename Action>
Error Catch(Action action) {
  try {
    action();
  } catch (const Error& error) {
    return error;
  }
  return Error("none", "nothing was thrown");
}

}  // namespace trtn::test
