// SPDX-License-Identifier: Apache-2.0
//
// What all objects of the stand-in share: they are counted, their calls recorded, ordered faults obeyed, and
// errors told to the logger and to the error recorder in TensorRT's form.
#pragma once

#include <string>

#include "nv.h"

namespace standin {

/// The first logger wins for the whole process, for as long as an object that was made with one lives.
class LoggerHold {
 public:
  /// `creator` is named in the warning that another logger is ignored. Null joins the registered one.
  LoggerHold(nv::ILogger* logger, const char* creator);
  ~LoggerHold();
  LoggerHold(const LoggerHold&) = delete;
  LoggerHold& operator=(const LoggerHold&) = delete;
};

nv::ILogger* CurrentLogger();
void Log(nv::ILogger::Severity severity, const std::string& text);

/// "an illegal memory access was encountered (cudaError 700)": what the CUDA runtime says of a result.
std::string CudaText(int result);

class Object {
 public:
  Object(const Object&) = delete;
  Object& operator=(const Object&) = delete;

 protected:
  /// `kind` is the interface, "ICudaEngine"; a literal, or null for what is never destroyed.
  explicit Object(const char* kind, nv::IErrorRecorder* recorder = nullptr);
  ~Object();

  /// Counts a call; true if a fault was ordered for it, which has then been logged.
  bool Enter(const char* entry) const;
  /// Logs "<entry>: Error Code <n>: <kind> (<text>)" and tells the recorder.
  void Fail(const char* entry, nv::ErrorCode code, const char* kind, const std::string& text) const;
  void UsageError(const char* entry, const std::string& text) const;
  void CudaError(const char* entry, int result) const;
  /// A parameter check that failed, in TensorRT's words.
  void ParameterError(const char* entry, const std::string& condition, const std::string& text) const;
  /// Reports a violation: whoever calls this needs a stand-in that has it.
  void NotImplemented(const char* entry) const;

  void SetRecorder(nv::IErrorRecorder* recorder);
  nv::IErrorRecorder* recorder() const { return recorder_; }

 private:
  const char* const kind_;
  nv::IErrorRecorder* recorder_;
};

/// Allocates device memory as TensorRT does: tells what was asked for if there is none. Null on failure.
void* AllocateDevice(int64_t bytes, int* result);

}  // namespace standin
