// SPDX-License-Identifier: Apache-2.0
#include "core/output_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <system_error>
#include <utility>

#include "core/error.h"

namespace trtn {
namespace {

// write(2) takes at most 0x7ffff000 bytes at once.
constexpr size_t kMaxWrite = size_t{1} << 30;

/// A name that no other writer of this file has: other threads differ in the counter, other processes in the
/// id.
std::string TemporaryName(const std::string& path) {
  static std::atomic<unsigned> counter{0};
  return path + ".tmp-" + std::to_string(getpid()) + "-" + std::to_string(counter++);
}

bool IsDiskFull(int error) { return error == ENOSPC || error == EDQUOT; }

}  // namespace

OutputFile::OutputFile(std::string path) : path_(std::move(path)), temporary_(TemporaryName(path_)) {
  struct stat info;
  if (stat(path_.c_str(), &info) == 0 && S_ISDIR(info.st_mode)) Throw(EISDIR, "written");
  // What a process of the same id left behind when it was killed is nobody's.
  unlink(temporary_.c_str());
  fd_ = open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (fd_ < 0) Throw(errno, "created");
}

OutputFile::~OutputFile() {
  if (fd_ < 0) return;
  close(fd_);
  unlink(temporary_.c_str());
}

bool OutputFile::Write(const void* data, size_t bytes) noexcept {
  const char* from = static_cast<const char*>(data);
  while (bytes > 0 && error_ == 0) {
    const ssize_t written = write(fd_, from, std::min(bytes, kMaxWrite));
    if (written < 0) {
      if (errno != EINTR) error_ = errno;
      continue;
    }
    from += written;
    bytes -= static_cast<size_t>(written);
    bytes_ += static_cast<uint64_t>(written);
  }
  return error_ == 0;
}

void OutputFile::ThrowIfFailed() const {
  if (error_ != 0) Throw(error_, "written");
}

void OutputFile::Commit() {
  ThrowIfFailed();
  if (fsync(fd_) != 0 && errno != EINVAL && errno != EROFS) Throw(errno, "flushed");
  if (rename(temporary_.c_str(), path_.c_str()) != 0) Throw(errno, "renamed");
  close(std::exchange(fd_, -1));
}

void OutputFile::Throw(int error, const char* what) const {
  const std::string text = std::generic_category().message(error);
  throw Error(IsDiskFull(error) ? "ERR_TRT_BUILD_DISK_FULL" : "ERR_TRT_BUILD_OUTPUT",
              "The engine file " + path_ + " cannot be " + what + ": " + text + ".", "OutputFile");
}

}  // namespace trtn
