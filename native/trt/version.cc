// SPDX-License-Identifier: Apache-2.0
#include "trt/version.h"

namespace trtn::trt {
namespace {

constexpr int kFirstRtx = 10000;
constexpr int kFirstTen = 100000;
// RTX 1.3 and 1.4 have another ABI; 10.0 to 10.5 end the process in ways that cannot be foreseen.
constexpr int kOldestRtx = 10500;
constexpr int kPastRtx = 20000;
constexpr int kOldestTen = 100600;
constexpr int kFirstEleven = 110000;
constexpr int kPastEleven = 120000;

}  // namespace

std::optional<Family> FamilyOfVersion(int version) {
  if (version >= kOldestRtx && version < kPastRtx) return Family::kTensorRtRtx;
  if (version >= kOldestTen && version < kFirstEleven) return Family::kTensorRt10;
  if (version >= kFirstEleven && version < kPastEleven) return Family::kTensorRt11;
  return std::nullopt;
}

std::string VersionText(int version) {
  // Up to 9 and for RTX the major number counts in steps that differ: 8601 is 8.6.1, 10701 is 1.7.1, 110201
  // is 11.2.1.
  const int unit = version < kFirstRtx ? 1000 : 10000;
  const int major = version / unit;
  const int minor = version % unit / 100;
  return std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(version % 100);
}

std::string ProductName(int version) {
  const bool is_rtx = version >= kFirstRtx && version < kFirstTen;
  return (is_rtx ? "TensorRT-RTX " : "TensorRT ") + VersionText(version);
}

int OldestDriver(Family family) {
  // TensorRT 10 has builds for CUDA 11; the others start at CUDA 12.
  return family == Family::kTensorRt10 ? 11080 : 12000;
}

}  // namespace trtn::trt
