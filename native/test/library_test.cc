// SPDX-License-Identifier: Apache-2.0
#include "trt/library.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "core/error.h"
#include "test/support/rtx.h"

namespace trtn::trt {
namespace {

const std::string kStandins = TRTN_TEST_STANDIN_DIR;

std::string InferOf(const std::string& major) {
  return kStandins + "/tensorrt-" + major + "/libnvinfer.so." + major;
}
std::string ParserOf(const std::string& major) {
  return kStandins + "/tensorrt-" + major + "/libnvonnxparser.so." + major;
}

std::string OpenCode(const std::string& library, const std::string& parser) {
  try {
    OpenBuilderBackend(library, parser);
  } catch (const Error& error) {
    return error.code();
  }
  return "";
}

TEST(Library, ReportsTheVersionAndFamily) {
  const LibraryReport report = ProbeLibrary(InferOf("11"));
  EXPECT_EQ(report.version, 110201);
  EXPECT_EQ(report.family, Family::kTensorRt11);
  EXPECT_EQ(report.reason, "");
  EXPECT_FALSE(report.missing);
}

TEST(Library, NamesAnUnsupportedVersion) {
  const LibraryReport report = ProbeLibrary(InferOf("8"));
  EXPECT_EQ(report.version, 8601);
  EXPECT_FALSE(report.family.has_value());
  EXPECT_NE(report.reason.find("TensorRT 8.6.1 is not supported"), std::string::npos);
  EXPECT_NE(
      ProbeLibrary(kStandins + "/tensorrt-rtx-1.4/libtensorrt_rtx.so.1").reason.find("TensorRT-RTX 1.4.0"),
      std::string::npos);
}

TEST(Library, TellsMissingFromForeign) {
  EXPECT_TRUE(ProbeLibrary("/nowhere/libnvinfer.so.10").missing);
  const LibraryReport foreign = ProbeLibrary("libc.so.6");
  EXPECT_FALSE(foreign.missing);
  EXPECT_NE(foreign.reason.find("not a TensorRT library"), std::string::npos);
}

TEST(Library, RefusesWhatItCannotServe) {
  EXPECT_EQ(OpenCode("/nowhere/libnvinfer.so.10", ParserOf("10")), "ERR_TRT_LOAD_TENSORRT_NOT_FOUND");
  EXPECT_EQ(OpenCode("libc.so.6", ParserOf("10")), "ERR_TRT_LOAD_TENSORRT_BROKEN");
  EXPECT_EQ(OpenCode(InferOf("8"), ParserOf("8")), "ERR_TRT_LOAD_TENSORRT_UNSUPPORTED");
  EXPECT_EQ(OpenCode(InferOf("12"), ParserOf("12")), "ERR_TRT_LOAD_TENSORRT_UNSUPPORTED");
  EXPECT_EQ(OpenCode(InferOf("10"), "/nowhere/libnvonnxparser.so.10"), "ERR_TRT_LOAD_TENSORRT_NOT_FOUND");
  EXPECT_EQ(OpenCode(InferOf("10"), "libc.so.6"), "ERR_TRT_LOAD_TENSORRT_BROKEN");
}

// The stand-ins end the process when a builder is created, as TensorRT 10.6 does without a driver. That these
// tests end shows that no builder is created before the driver has said that it works.
class AbortingLibrary : public testing::TestWithParam<const char*> {
 protected:
  void TearDown() override {
    for (const char* name : {"INIT", "VERSION", "DEVICES"})
      unsetenv((std::string("TRTN_STANDIN_CUDA_") + name).c_str());
  }

  static void Order(const char* name, const char* value) {
    setenv((std::string("TRTN_STANDIN_CUDA_") + name).c_str(), value, 1);
  }

  std::string BuildCode(const std::string& driver) {
    try {
      BuildRequest request;
      request.model_path = "/nowhere/model.onnx";
      OpenBuilderBackend(InferOf(GetParam()), ParserOf(GetParam()), driver)->Build(request, {});
    } catch (const Error& error) {
      return error.code();
    }
    return "";
  }

  const std::string driver_ = kStandins + "/driver/libcuda.so.1";
};

TEST_P(AbortingLibrary, IsNotCalledWithoutADriver) {
  EXPECT_EQ(BuildCode("/nowhere/libcuda.so.1"), "ERR_TRT_CUDA_DRIVER_NOT_FOUND");
  EXPECT_EQ(BuildCode(driver_), "ERR_TRT_CUDA_NO_DEVICE");
  Order("INIT", "803");
  EXPECT_EQ(BuildCode(driver_), "ERR_TRT_CUDA_DRIVER_MISMATCH");
  Order("INIT", "999");
  EXPECT_EQ(BuildCode(driver_), "ERR_TRT_CUDA_INIT");
  Order("VERSION", "11040");
  EXPECT_EQ(BuildCode(driver_), "ERR_TRT_CUDA_DRIVER_TOO_OLD");
}

TEST_P(AbortingLibrary, IsCalledWithADriver) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        Order("DEVICES", "1");
        BuildCode(driver_);
      },
      testing::KilledBySignal(SIGABRT), "");
}

INSTANTIATE_TEST_SUITE_P(Families, AbortingLibrary, testing::Values("10", "11"));

}  // namespace
}  // namespace trtn::trt
