// SPDX-License-Identifier: Apache-2.0
#include "trt/parser_issue.h"

#include <gtest/gtest.h>

#include "test/support/rtx.h"
#include "trt/build_failure.h"

namespace trtn::trt {
namespace {

TEST(ParserFailure, ListsEveryUnsupportedNodeOnce) {
  const ParserIssue det{8, "false", 2, "det_a", "Det"};
  const ParserIssue other{6, "creator && \"Plugin not found, are the names correct?\"", 5, "", "MyOp"};
  const Error error = ParserFailure({det, other, det}, {});
  EXPECT_EQ(error.code(), "ERR_TRT_ONNX_UNSUPPORTED_OPERATOR");
  EXPECT_EQ(test::Detail(error, "unsupportedNodes"),
            (std::vector<std::string>{"Det (node 2 'det_a')", "MyOp (node 5)"}));
  EXPECT_EQ(test::Detail(error, "unsupportedOperators"), (std::vector<std::string>{"Det", "MyOp"}));
  EXPECT_NE(std::string(error.what()).find("Det (node 2 'det_a'): the operator is not supported"),
            std::string::npos);
}

TEST(ParserFailure, TellsTypesFromOperators) {
  const ParserIssue issue{8, "Failed to convert ONNX date type to TensorRT data type.", -1, "", ""};
  EXPECT_EQ(ParserFailure({issue}, {}).code(), "ERR_TRT_ONNX_UNSUPPORTED_TYPE");
}

TEST(ParserFailure, HasAMessageForNoReason) {
  const Error error = ParserFailure({}, {});
  EXPECT_EQ(error.code(), "ERR_TRT_BUILD_PARSE");
  EXPECT_NE(std::string(error.what()).find("no reason"), std::string::npos);
}

TEST(WithoutDriverNoise, DropsTheLinesThatAMissingDriverAdds) {
  EXPECT_EQ(WithoutDriverNoise(
                "first\n[checkMacros.cpp::catchCudaError::250] Error Code 1: Cuda Runtime (…)\nlast"),
            "first\nlast");
  EXPECT_EQ(WithoutDriverNoise("[checkMacros.cpp::catchCudaError::250] Error Code 1"), "");
}

TEST(BuildFailure, FindsTheCodeInTheLog) {
  const struct {
    const char* line;
    const char* code;
  } cases[] = {
      {"Tactic Selection: no tactics to implement the operation within workspace limit.",
       "ERR_TRT_BUILD_WORKSPACE"},
      {"Compiling this graph requires workspace memory greater than 0", "ERR_TRT_BUILD_WORKSPACE"},
      {"Error Code 7: BuildCanceled (Build canceled by user)", "ERR_TRT_BUILD_CANCELLED"},
      {"(CUDA initialization failure with error: 35. Please check", "ERR_TRT_CUDA_DRIVER_TOO_OLD"},
      {"(CUDA initialization failure with error: 100 In check", "ERR_TRT_CUDA_NO_DEVICE"},
      {"(CUDA initialization failure with error: 803 In check", "ERR_TRT_CUDA_DRIVER_MISMATCH"},
      {"Error Code 2: OutOfMemory (Requested size was 1 bytes.)", "ERR_TRT_BUILD_OUT_OF_MEMORY"},
      {"Network has dynamic or shape inputs, but no optimization profile has been defined.",
       "ERR_TRT_ARG_PROFILE_MISSING"},
      {"something else", "ERR_TRT_BUILD_FAILED"},
  };
  for (const auto& expected : cases) {
    const Error error = BuildFailure("call", {{Severity::kError, expected.line, 1}});
    EXPECT_EQ(error.code(), expected.code) << expected.line;
    EXPECT_NE(std::string(error.what()).find(expected.line), std::string::npos);
    EXPECT_EQ(error.where(), "call");
  }
}

TEST(BuildFailure, NeverTakesTheMissingDriverForTheReason) {
  const Error error =
      BuildFailure("call", {{Severity::kWarning, "harmless", 1},
                            {Severity::kError, "[checkMacros.cpp::catchCudaError::250] noise", 1},
                            {Severity::kError, "the reason", 1}});
  EXPECT_STREQ(error.what(), "TensorRT cannot build the engine: the reason");
  EXPECT_EQ(error.log().size(), 3u);
}

}  // namespace
}  // namespace trtn::trt
