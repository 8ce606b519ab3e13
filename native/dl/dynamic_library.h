// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

namespace trtn {

/// A shared library opened at run time, with its symbols kept private to it (RTLD_NOW | RTLD_LOCAL).
///
/// Closed with its last owner unless KeepOpen() was called. TensorRT, ONNX Runtime and the CUDA driver start
/// threads and register callbacks, so their owners call KeepOpen() as soon as they have called into them.
class DynamicLibrary {
 public:
  /// What came of opening a file: a library, or the reason in the loader's words.
  struct OpenResult {
    std::shared_ptr<DynamicLibrary> library;
    std::string error;
    /// True if the file itself is not there; false if it is but does not load (wrong machine, missing
    /// dependency).
    bool missing = false;
  };

  /// Opens `path`, or searches as the loader does where it is a bare name. Never throws. Thread-safe.
  static OpenResult Open(const std::string& path);

  ~DynamicLibrary();
  DynamicLibrary(const DynamicLibrary&) = delete;
  DynamicLibrary& operator=(const DynamicLibrary&) = delete;

  /// The symbol's address, null if the library has none of that name.
  void* Symbol(const char* name) const;
  /// The same as a pointer to a function of type `F`.
  template <class F>
  F* Function(const char* name) const {
    return reinterpret_cast<F*>(Symbol(name));
  }

  /// Leaves the library in the process for good.
  void KeepOpen() { keep_open_ = true; }

  /// Where the loader found the file.
  const std::string& path() const { return path_; }

 private:
  DynamicLibrary(void* handle, std::string path);

  void* handle_;
  std::string path_;
  bool keep_open_ = false;
};

}  // namespace trtn
