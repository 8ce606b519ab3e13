// SPDX-License-Identifier: Apache-2.0
// What the real parser refuses, and how that is told.
#include <gtest/gtest.h>

#include <string>

#include "test/support/onnx_model.h"
#include "test/support/rtx.h"

namespace trtn {
namespace {

using test::OnnxModel;

class Parse : public test::RtxTest {};

TEST_F(Parse, RefusesDataThatIsNoModel) {
  EXPECT_EQ(FailureOf("").code(), "ERR_TRT_BUILD_PARSE");
  EXPECT_EQ(FailureOf("hello, this is a text and no model\n").code(), "ERR_TRT_BUILD_PARSE");
  EXPECT_EQ(FailureOf(std::string("\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 16)).code(), "ERR_TRT_BUILD_PARSE");
  const std::string model = test::SmallConvNet();
  EXPECT_EQ(FailureOf(model.substr(0, model.size() / 2)).code(), "ERR_TRT_BUILD_PARSE");
}

TEST_F(Parse, RefusesAFileThatIsNotThere) {
  BuildRequest request;
  request.model_path = "/nowhere/model.onnx";
  try {
    backend_->Build(request, {});
    FAIL() << "did not throw";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), "ERR_TRT_ONNX_FILE_NOT_FOUND");
    EXPECT_EQ(std::string(error.what()).find("catchCudaError"), std::string::npos);
  }
}

TEST_F(Parse, ListsAllUnsupportedNodes) {
  const std::string model = OnnxModel()
                                .Input("x", {int64_t{4}, int64_t{4}})
                                .Output("e", {})
                                .Node("Relu", "relu", {"x"}, {"a"})
                                .Node("Det", "first_det", {"a"}, {"b"})
                                .Node("Det", "second_det", {"x"}, {"c"})
                                .Node("NoSuchOp", "strange", {"c"}, {"d"}, "my.domain")
                                .Node("Add", "add", {"b", "d"}, {"e"})
                                .Serialize();
  const Error error = FailureOf(model);
  EXPECT_EQ(error.code(), "ERR_TRT_ONNX_UNSUPPORTED_OPERATOR");
  const std::string message = error.what();
  for (const char* name : {"first_det", "second_det", "strange", "NoSuchOp"}) {
    EXPECT_NE(message.find(name), std::string::npos) << name << " is not in: " << message;
  }
  EXPECT_EQ(test::Detail(error, "unsupportedNodes").size(), 3u);
  EXPECT_FALSE(error.log().empty());
}

TEST_F(Parse, NamesTheNodeOfATypeMismatch) {
  const std::string model = OnnxModel()
                                .Input("x", {int64_t{4}})
                                .Input("i", {int64_t{4}}, test::kOnnxInt32)
                                .Output("y", {int64_t{4}})
                                .Node("Add", "mixed_add", {"x", "i"}, {"y"})
                                .Serialize();
  const Error error = FailureOf(model);
  EXPECT_EQ(error.code(), "ERR_TRT_BUILD_PARSE");
  EXPECT_NE(std::string(error.what()).find("mixed_add"), std::string::npos) << error.what();
  EXPECT_NE(std::string(error.what()).find("same input types"), std::string::npos) << error.what();
  EXPECT_EQ(std::string(error.what()).find("catchCudaError"), std::string::npos) << error.what();
}

TEST_F(Parse, NamesAnUndefinedInput) {
  const std::string model = OnnxModel()
                                .Input("x", {int64_t{4}})
                                .Output("y", {int64_t{4}})
                                .Node("Add", "a", {"x", "ghost"}, {"y"})
                                .Serialize();
  EXPECT_EQ(FailureOf(model).code(), "ERR_TRT_BUILD_PARSE");
}

TEST_F(Parse, RefusesStrings) {
  const std::string model = OnnxModel()
                                .Input("x", {int64_t{4}}, test::kOnnxString)
                                .Output("y", {int64_t{4}}, test::kOnnxString)
                                .Node("Identity", "id", {"x"}, {"y"})
                                .Serialize();
  EXPECT_EQ(FailureOf(model).code(), "ERR_TRT_ONNX_UNSUPPORTED_TYPE");
}

}  // namespace
}  // namespace trtn
