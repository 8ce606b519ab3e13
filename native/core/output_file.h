// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace trtn {

/// A file that appears under its name only when it is complete: written beside it under a temporary name,
/// flushed to the disk, then renamed. Whatever stood there before stays until then, and stays for good if
/// writing fails.
///
/// Not thread-safe.
class OutputFile {
 public:
  /// Creates the temporary file. Throws ERR_TRT_BUILD_OUTPUT, or ERR_TRT_BUILD_DISK_FULL.
  explicit OutputFile(std::string path);
  /// Removes the temporary file unless Commit() succeeded.
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  /// Appends. False on failure, which Commit() will throw: callers behind TensorRT's callbacks cannot throw.
  bool Write(const void* data, size_t bytes) noexcept;
  /// Throws the failure of an earlier Write, if there was one.
  void ThrowIfFailed() const;
  /// Flushes and renames. Throws as the constructor does.
  void Commit();

  uint64_t bytes() const { return bytes_; }

 private:
  [[noreturn]] void Throw(int error, const char* what) const;

  std::string path_;
  std::string temporary_;
  int fd_ = -1;
  int error_ = 0;
  uint64_t bytes_ = 0;
};

}  // namespace trtn
