// SPDX-License-Identifier: Apache-2.0
#include "core/output_file.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "core/error.h"

namespace trtn {
namespace {

namespace fs = std::filesystem;

std::string ReadAll(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

class OutputFileTest : public testing::Test {
 protected:
  void SetUp() override {
    fs::create_directory(folder_);
    std::ofstream(path_) << "old";
  }
  void TearDown() override { fs::remove_all(folder_); }
  size_t Files() const { return static_cast<size_t>(std::distance(fs::directory_iterator(folder_), {})); }

  const fs::path folder_ = fs::path(testing::TempDir()) / ("trtn-output-" + std::to_string(getpid()));
  const fs::path path_ = folder_ / "model.engine";
};

TEST_F(OutputFileTest, AppearsWhenItIsComplete) {
  OutputFile file(path_);
  EXPECT_TRUE(file.Write("new ", 4));
  EXPECT_TRUE(file.Write("content", 7));
  EXPECT_EQ(ReadAll(path_), "old");
  file.Commit();
  EXPECT_EQ(ReadAll(path_), "new content");
  EXPECT_EQ(file.bytes(), 11u);
  EXPECT_EQ(Files(), 1u);
}

TEST_F(OutputFileTest, LeavesTheOldFileIfItIsNotCommitted) {
  {
    OutputFile(path_).Write("new", 3);
  }
  EXPECT_EQ(ReadAll(path_), "old");
  EXPECT_EQ(Files(), 1u);
}

TEST_F(OutputFileTest, RefusesAFolderThatIsNotThere) {
  try {
    OutputFile file(folder_ / "missing" / "model.engine");
    FAIL() << "did not throw";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), "ERR_TRT_BUILD_OUTPUT");
    EXPECT_NE(std::string(error.what()).find("missing/model.engine"), std::string::npos);
  }
  EXPECT_THROW(OutputFile{folder_}, Error);
}

// Runs in a child, in a mount namespace of its own: 0 as expected, 77 if this machine lets us mount nothing.
int FillSmallDisk(const fs::path& folder, const fs::path& path) {
  if (unshare(CLONE_NEWNS) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return 77;
  if (mount("tmpfs", folder.c_str(), "tmpfs", 0, "size=64k") != 0) return 77;
  std::ofstream(path) << "old";
  const std::string block(16 * 1024, 'x');
  bool written = true;
  try {
    OutputFile file(path);
    for (int i = 0; i < 16 && written; i++) written = file.Write(block.data(), block.size());
    file.Commit();
  } catch (const Error& error) {
    if (error.code() != "ERR_TRT_BUILD_DISK_FULL") return 2;
    if (written || ReadAll(path) != "old") return 3;
    return std::distance(fs::directory_iterator(folder), {}) == 1 ? 0 : 4;
  }
  return 1;
}

TEST_F(OutputFileTest, KeepsTheOldFileOnAFullDisk) {
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) _exit(FillSmallDisk(folder_, path_));
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  if (WEXITSTATUS(status) == 77) GTEST_SKIP() << "this machine does not allow a small tmpfs to be mounted";
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace trtn
