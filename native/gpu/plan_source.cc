// SPDX-License-Identifier: Apache-2.0
#include "gpu/plan_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "core/error.h"

namespace trtn::gpu {

namespace {

[[noreturn]] void ThrowUnreadable(const std::string& path, const std::string& reason) {
  throw Error("ERR_TRT_LOAD_FILE", "Expected an engine that can be read at " + path + ": " + reason + ".");
}

}  // namespace

FilePlanSource::FilePlanSource(const std::string& path) {
  // Without O_NONBLOCK a pipe without a writer would block here for ever.
  file_ = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file_ < 0) ThrowUnreadable(path, std::strerror(errno));
  struct stat facts{};
  const bool is_known = fstat(file_, &facts) == 0;
  if (is_known && S_ISREG(facts.st_mode)) {
    size_ = static_cast<uint64_t>(facts.st_size);
    return;
  }
  const std::string reason = is_known ? "it is no regular file" : std::strerror(errno);
  close(file_);
  ThrowUnreadable(path, reason);
}

FilePlanSource::~FilePlanSource() { close(file_); }

int64_t FilePlanSource::Read(void* destination, int64_t bytes) noexcept {
  if (bytes < 0) return -1;
  int64_t done = 0;
  while (done < bytes) {
    const ssize_t count =
        pread(file_, static_cast<char*>(destination) + done, static_cast<size_t>(bytes - done), position_);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return -1;
    if (count == 0) break;
    done += count;
    position_ += count;
  }
  return done;
}

bool FilePlanSource::Seek(int64_t offset, int origin) noexcept {
  int64_t base = 0;
  if (origin == SEEK_CUR) base = position_;
  if (origin == SEEK_END) base = static_cast<int64_t>(size_);
  int64_t target = 0;
  if (origin < SEEK_SET || origin > SEEK_END || __builtin_add_overflow(base, offset, &target) || target < 0)
    return false;
  position_ = target;
  return true;
}

}  // namespace trtn::gpu
