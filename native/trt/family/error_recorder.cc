// SPDX-License-Identifier: Apache-2.0
#include "trt/family/error_recorder.h"

#include "core/log_capture.h"

namespace trtn::trt::TRTN_FAMILY {
namespace {

// Entries must not move: TensorRT may keep the pointer that getErrorDesc() returned.
constexpr size_t kMaxEntries = 128;

}  // namespace

int32_t ErrorRecorder::getNbErrors() const noexcept {
  std::lock_guard<std::mutex> lock(mutex_);
  return static_cast<int32_t>(entries_.size());
}

const ErrorRecorder::Entry* ErrorRecorder::At(int32_t index) const {
  std::lock_guard<std::mutex> lock(mutex_);
  const bool valid = index >= 0 && static_cast<size_t>(index) < entries_.size();
  return valid ? &entries_[static_cast<size_t>(index)] : nullptr;
}

nv::ErrorCode ErrorRecorder::getErrorCode(int32_t index) const noexcept {
  const Entry* entry = At(index);
  return entry != nullptr ? entry->code : nv::ErrorCode::kSUCCESS;
}

nv::IErrorRecorder::ErrorDesc ErrorRecorder::getErrorDesc(int32_t index) const noexcept {
  const Entry* entry = At(index);
  return entry != nullptr ? entry->text.c_str() : "";
}

bool ErrorRecorder::hasOverflowed() const noexcept {
  std::lock_guard<std::mutex> lock(mutex_);
  return overflowed_;
}

void ErrorRecorder::clear() noexcept {
  std::lock_guard<std::mutex> lock(mutex_);
  entries_.clear();
  overflowed_ = false;
}

bool ErrorRecorder::reportError(nv::ErrorCode code, ErrorDesc description) noexcept {
  try {
    // Counted, not repeated, if the logger has brought it already; nested calls may report without logging.
    RouteLog(Severity::kError, description);
    std::lock_guard<std::mutex> lock(mutex_);
    if (entries_.capacity() == 0) entries_.reserve(kMaxEntries);
    overflowed_ = entries_.size() == kMaxEntries;
    if (!overflowed_) entries_.push_back({code, description != nullptr ? description : ""});
  } catch (...) {
    // Out of memory: the build fails by its return value all the same.
  }
  return false;
}

nv::IErrorRecorder::RefCount ErrorRecorder::incRefCount() noexcept {
  std::lock_guard<std::mutex> lock(mutex_);
  return ++references_;
}

nv::IErrorRecorder::RefCount ErrorRecorder::decRefCount() noexcept {
  std::lock_guard<std::mutex> lock(mutex_);
  return --references_;
}

}  // namespace trtn::trt::TRTN_FAMILY
