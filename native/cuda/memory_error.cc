// SPDX-License-Identifier: Apache-2.0
#include "cuda/memory_error.h"

#include <cstdio>
#include <new>

namespace trtn::cuda {
namespace {

/// "512 bytes", "1.5 KiB", "12.0 MiB".
std::string BytesText(uint64_t bytes) {
  if (bytes < 1024) return std::to_string(bytes) + " bytes";
  const char* const units[] = {"KiB", "MiB", "GiB", "TiB"};
  double value = static_cast<double>(bytes) / 1024;
  size_t unit = 0;
  for (; value >= 1024 && unit < 3; unit++) value /= 1024;
  char text[32];
  std::snprintf(text, sizeof text, "%.1f %s", value, units[unit]);
  return text;
}

}  // namespace

void ThrowAllocationError(Device& device, Result result, const FailedAllocation& failed) {
  const std::string purpose = BytesText(failed.bytes) + " for " + failed.what;
  if (result != kOutOfMemory || device.is_poisoned()) {
    device.Check(result, failed.call, device.name() + ": allocating " + purpose);
  }
  size_t free_bytes = 0, total_bytes = 0;
  const bool has_info =
      !failed.is_on_host && device.api().cuMemGetInfo_v2(&free_bytes, &total_bytes) == kSuccess;
  std::string context = failed.is_on_host ? "The host" : device.name();
  context += " is out of memory: " + purpose + " were needed";
  if (has_info) context += ", " + BytesText(free_bytes) + " of " + BytesText(total_bytes) + " are free";
  Error error = device.driver().MakeError(result, failed.call, context);
  error.details.push_back({"what", {failed.what}});
  error.AddNumber("needed", failed.bytes);
  if (has_info) {
    error.AddNumber("free", free_bytes);
    error.AddNumber("total", total_bytes);
  }
  throw error;
}

void AddFreeMemory(Device& device, Error& error) noexcept {
  if (error.where().rfind("cu", 0) == 0 || device.is_poisoned()) return;
  size_t free_bytes = 0, total_bytes = 0;
  const ScopedDevice scope(device, std::nothrow);
  if (device.api().cuMemGetInfo_v2(&free_bytes, &total_bytes) != kSuccess) return;
  try {
    error.AddNumber("free", free_bytes);
    error.AddNumber("total", total_bytes);
  } catch (const std::bad_alloc&) {
    // The error is worth more than its details.
  }
}

}  // namespace trtn::cuda
