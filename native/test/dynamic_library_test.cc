// SPDX-License-Identifier: Apache-2.0
#include "dl/dynamic_library.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <string>

namespace trtn {
namespace {

const std::string kStandins = TRTN_TEST_STANDIN_DIR;

TEST(DynamicLibrary, OpensALibraryAndFindsItsSymbols) {
  auto opened = DynamicLibrary::Open(kStandins + "/tensorrt-8/libnvinfer.so.8");
  ASSERT_NE(opened.library, nullptr) << opened.error;
  auto* version = opened.library->Function<int()>("getInferLibVersion");
  ASSERT_NE(version, nullptr);
  EXPECT_EQ(version(), 8601);
  EXPECT_EQ(opened.library->Symbol("noSuchSymbol"), nullptr);
  EXPECT_EQ(opened.library->path(), kStandins + "/tensorrt-8/libnvinfer.so.8");
}

TEST(DynamicLibrary, TellsTheRealPathOfALibraryFoundBySearch) {
  auto opened = DynamicLibrary::Open("libc.so.6");
  ASSERT_NE(opened.library, nullptr) << opened.error;
  EXPECT_EQ(opened.library->path().front(), '/');
}

TEST(DynamicLibrary, SaysThatAFileIsMissing) {
  for (const char* path : {"/nowhere/libnvinfer.so.10", "libtrtn-no-such-library.so.1", ""}) {
    auto opened = DynamicLibrary::Open(path);
    EXPECT_EQ(opened.library, nullptr);
    EXPECT_TRUE(opened.missing) << path;
    EXPECT_FALSE(opened.error.empty());
  }
}

TEST(DynamicLibrary, TellsABrokenFileFromAMissingOne) {
  const std::string path = testing::TempDir() + "/broken.so";
  FILE* file = std::fopen(path.c_str(), "w");
  ASSERT_NE(file, nullptr);
  std::fputs("not an ELF file", file);
  std::fclose(file);
  auto opened = DynamicLibrary::Open(path);
  EXPECT_EQ(opened.library, nullptr);
  EXPECT_FALSE(opened.missing);
  EXPECT_NE(opened.error.find(path), std::string::npos);
  std::remove(path.c_str());
}

}  // namespace
}  // namespace trtn
