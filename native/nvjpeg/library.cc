// SPDX-License-Identifier: Apache-2.0
#include "nvjpeg/library.h"

#include <utility>

namespace trtn::nvjpeg {
namespace {

/// Majors whose entry points are those of nvjpeg_api.h.
constexpr int kOldestMajor = 12;
constexpr int kNewestMajor = 13;

}  // namespace

std::string Describe(const char* call, Status status) {
  return std::string(call) + " returned " + StatusName(status);
}

Library::Library(std::shared_ptr<DynamicLibrary> library, const NvjpegApi& api, std::string version)
    : library_(std::move(library)), api_(api), version_(std::move(version)) {}

Library::OpenResult Library::Open(const std::string& path) {
  DynamicLibrary::OpenResult opened = DynamicLibrary::Open(path);
  if (!opened.library) return {nullptr, opened.error};
  std::string missing;
  const NvjpegApi api =
      LoadNvjpegApi([&](const char* name) { return opened.library->Symbol(name); }, &missing);
  if (!missing.empty()) return {nullptr, "it is no nvJPEG library: it lacks " + missing};
  opened.library->KeepOpen();
  int numbers[3] = {};
  for (const int property : {kMajorVersion, kMinorVersion, kPatchLevel}) {
    const Status status = api.nvjpegGetProperty(property, &numbers[property]);
    if (status != kSuccess) return {nullptr, Describe("nvjpegGetProperty", status)};
  }
  std::string version = std::to_string(numbers[0]);
  for (const int part : {numbers[1], numbers[2]}) version += "." + std::to_string(part);
  if (numbers[0] < kOldestMajor || numbers[0] > kNewestMajor)
    return {nullptr, "it is nvJPEG " + version + "; versions 12 and 13 are used"};
  return {std::shared_ptr<const Library>(new Library(std::move(opened.library), api, std::move(version))),
          {}};
}

}  // namespace trtn::nvjpeg
