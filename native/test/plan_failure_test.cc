// SPDX-License-Identifier: Apache-2.0
// Errors from the words of TensorRT's log.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "trt/json_strings.h"
#include "trt/run_failure.h"

namespace trtn::trt {
namespace {

std::vector<LogLine> Log(const std::string& text, Severity severity = Severity::kError) {
  return {{severity, text, 1}};
}

std::string CodeOf(const std::string& text) {
  return DeserializeFailure("TensorRT 10.15.1", "IRuntime::deserializeCudaEngine", Log(text)).code();
}

TEST(RunFailure, ReadsWhyAPlanIsRefused) {
  EXPECT_EQ(
      CodeOf(
          "Error Code 1: Serialization (Serialization assertion stdVersionRead == kSERIALIZATION_VERSION "
          "failed.Version tag does not match. Note: Current Version: 240, Serialized Engine Version: 239)"),
      "ERR_TRT_LOAD_PLAN_VERSION");
  EXPECT_EQ(
      CodeOf("Error Code 6: API Usage Error (The engine plan file is not compatible with this version of "
             "TensorRT, expecting library version 10.3.0.26 got 10.7.0.23, please rebuild.)"),
      "ERR_TRT_LOAD_PLAN_VERSION");
  EXPECT_EQ(
      CodeOf("The engine plan file is generated on an incompatible device, expecting compute 8.9 got compute "
             "8.6, please rebuild."),
      "ERR_TRT_LOAD_PLAN_DEVICE");
  EXPECT_EQ(CodeOf("Error Code 2: OutOfMemory (Requested size was 4096 bytes.)"),
            "ERR_TRT_CUDA_OUT_OF_MEMORY");
  EXPECT_EQ(
      CodeOf("Serialization assertion header.magicTag == kEXPECTED_MAGIC_TAG failed.Trying to load an engine "
             "created with incompatible serialization version"),
      "ERR_TRT_LOAD_DESERIALIZE");
  EXPECT_EQ(DeserializeFailure("TensorRT", "x", {}).code(), "ERR_TRT_LOAD_DESERIALIZE");
}

TEST(RunFailure, IgnoresWarnings) {
  const Error error = DeserializeFailure(
      "TensorRT", "x", Log("incompatible device: not recommended, out of memory", Severity::kWarning));
  EXPECT_EQ(error.code(), "ERR_TRT_LOAD_DESERIALIZE");
}

TEST(RunFailure, NamesTheMissingPlugin) {
  const auto find = [](const std::string& text) {
    MissingPlugin plugin;
    EXPECT_TRUE(FindMissingPlugin(Log(text), plugin)) << text;
    return plugin.name + "|" + plugin.version + "|" + plugin.name_space;
  };
  EXPECT_EQ(
      find("IPluginRegistry::getCreator: Error Code 4: API Usage Error (Cannot find plugin: BatchedNMS_TRT, "
           "version: 1, namespace:.)"),
      "BatchedNMS_TRT|1|");
  EXPECT_EQ(find("Cannot find plugin: Roi, version: 2.1, namespace:acme. In getCreator at x.cpp:12)"),
            "Roi|2.1|acme");
  EXPECT_EQ(find("getPluginCreator could not find plugin: InstanceNorm version: 1 namespace:"),
            "InstanceNorm|1|");
  EXPECT_EQ(find("Cannot deserialize plugin since corresponding IPluginCreator not found in Plugin Registry"),
            "||");
  MissingPlugin plugin;
  EXPECT_FALSE(FindMissingPlugin(Log("something else"), plugin));
}

TEST(RunFailure, GivesTheBytesOfAContext) {
  const Error error = ContextFailure(123, "x", Log("out of memory"));
  EXPECT_EQ(error.code(), "ERR_TRT_CUDA_OUT_OF_MEMORY");
  EXPECT_NE(std::string(error.what()).find("123 bytes"), std::string::npos);
  EXPECT_EQ(ContextFailure(123, "x", Log("no tactic")).code(), "ERR_TRT_RUN_FAILED");
}

TEST(RunFailure, SaysWhoHasAMethod) {
  const Error error = Unsupported("IFoo::bar", "TensorRT 10.6.0", "TensorRT 10.11");
  EXPECT_EQ(error.code(), "ERR_TRT_RUN_UNSUPPORTED");
  EXPECT_STREQ(error.what(), "TensorRT 10.6.0 has no IFoo::bar; TensorRT 10.11 and newer have it.");
}

TEST(JsonStrings, FindsEachStringOnce) {
  EXPECT_EQ(JsonStrings(R"({"Name": "a\"b", "x": ["Name", "\u0041\n", 1]})"),
            (std::vector<std::string>{"Name", "a\"b", "x", "A\n"}));
  EXPECT_EQ(JsonStrings("\"open"), std::vector<std::string>{"open"});
  EXPECT_EQ(JsonStrings("\"\\"), std::vector<std::string>{"\\"});
  EXPECT_TRUE(JsonStrings("").empty());
}

}  // namespace
}  // namespace trtn::trt
