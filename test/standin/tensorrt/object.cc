// SPDX-License-Identifier: Apache-2.0
#include "object.h"

#include <mutex>

namespace standin {

namespace {

std::mutex logger_mutex;
nv::ILogger* registered_logger = nullptr;
int logger_holds = 0;

}  // namespace

LoggerHold::LoggerHold(nv::ILogger* logger, const char* creator) {
  nv::ILogger* other = nullptr;
  {
    std::lock_guard lock(logger_mutex);
    ++logger_holds;
    if (!registered_logger)
      registered_logger = logger;
    else if (logger && logger != registered_logger)
      other = registered_logger;
  }
  if (!other) return;
  Log(nv::ILogger::Severity::kWARNING,
      std::string("The logger passed into ") + creator +
          " differs from one already registered for an existing builder, runtime, or refitter. So the "
          "current "
          "new logger is ignored, and TensorRT will use the existing one which is returned by "
          "nvinfer1::getLogger() instead.");
}

LoggerHold::~LoggerHold() {
  std::lock_guard lock(logger_mutex);
  if (--logger_holds == 0) registered_logger = nullptr;
}

nv::ILogger* CurrentLogger() {
  std::lock_guard lock(logger_mutex);
  return registered_logger;
}

void Log(nv::ILogger::Severity severity, const std::string& text) {
  if (nv::ILogger* logger = CurrentLogger()) logger->log(severity, text.c_str());
}

std::string CudaText(int result) {
  const char* text = "unknown error";
  switch (result) {
    case 1:
      text = "invalid argument";
      break;
    case 2:
      text = "out of memory";
      break;
    case 35:
      text = "CUDA driver version is insufficient for CUDA runtime version";
      break;
    case 46:
      text = "CUDA-capable device(s) is/are busy or unavailable";
      break;
    case 100:
      text = "no CUDA-capable device is detected";
      break;
    case 201:
      text = "invalid device context";
      break;
    case 400:
      text = "invalid resource handle";
      break;
    case 700:
      text = "an illegal memory access was encountered";
      break;
    case 710:
      text = "device-side assert triggered";
      break;
    case 719:
      text = "unspecified launch failure";
      break;
    case 900:
      text = "operation not permitted when stream is capturing";
      break;
    case 901:
      text = "operation failed due to a previous error during capture";
      break;
    default:
      break;
  }
  return "cudaError " + std::to_string(result) + ": " + text;
}

Object::Object(const char* kind, nv::IErrorRecorder* recorder) : kind_(kind), recorder_(nullptr) {
  if (kind_) trtn_standin_count_object(kind_, 1);
  SetRecorder(recorder);
}

Object::~Object() {
  SetRecorder(nullptr);
  if (!kind_) return;
  trtn_standin_call(("~" + std::string(kind_)).c_str());
  trtn_standin_count_object(kind_, -1);
}

bool Object::Enter(const char* entry) const {
  int fault = trtn_standin_call(entry);
  if (fault == 0) return false;
  if (fault == 1)
    Fail(entry, nv::ErrorCode::kINTERNAL_ERROR, "Internal Error", "Assertion ordered failed.");
  else
    CudaError(entry, fault);
  return true;
}

void Object::Fail(const char* entry, nv::ErrorCode code, const char* kind, const std::string& text) const {
  std::string line = std::string(entry) + ": Error Code " + std::to_string(static_cast<int>(code)) + ": " +
                     kind + " (" + text + ")";
  Log(nv::ILogger::Severity::kERROR, line);
  if (recorder_) recorder_->reportError(code, line.substr(0, nv::IErrorRecorder::kMAX_DESC_LENGTH).c_str());
}

void Object::UsageError(const char* entry, const std::string& text) const {
  Fail(entry, nv::ErrorCode::kINVALID_ARGUMENT, "API Usage Error", text);
}

void Object::CudaError(const char* entry, int result) const {
  if (result == 2) {
    Fail(entry, nv::ErrorCode::kINTERNAL_ERROR, "OutOfMemory", CudaText(result));
    return;
  }
  Fail(entry, nv::ErrorCode::kUNSPECIFIED_ERROR, "Cuda Runtime", CudaText(result));
}

void Object::ParameterError(const char* entry, const std::string& condition, const std::string& text) const {
  UsageError(entry, "Parameter check failed, condition: " + condition + ". " + text);
}

void Object::NotImplemented(const char* entry) const {
  trtn_standin_call(entry);
  trtn_standin_violation((std::string("not implemented: ") + entry).c_str());
}

void Object::SetRecorder(nv::IErrorRecorder* recorder) {
  if (recorder) recorder->incRefCount();
  if (recorder_) recorder_->decRefCount();
  recorder_ = recorder;
}

void* AllocateDevice(int64_t bytes, int* result) {
  unsigned long long pointer = 0;
  *result = cuMemAlloc_v2(&pointer, static_cast<size_t>(bytes));
  if (*result == 0) return reinterpret_cast<void*>(pointer);
  Log(nv::ILogger::Severity::kERROR,
      "Requested amount of GPU memory (" + std::to_string(bytes) +
          " bytes) could not be allocated. There may not be enough free memory "
          "for allocation to succeed.");
  return nullptr;
}

}  // namespace standin
