// SPDX-License-Identifier: Apache-2.0
#include "nvjpeg/nvjpeg_api.h"

#include <iterator>

namespace trtn::nvjpeg {

NvjpegApi LoadNvjpegApi(const std::function<void*(const char*)>& find, std::string* missing) {
  NvjpegApi api;
  missing->clear();
  const auto load = [&](const char* name, auto& entry) {
    void* symbol = find(name);
    if (symbol == nullptr && missing->empty()) *missing = name;
    entry = reinterpret_cast<std::decay_t<decltype(entry)>>(symbol);
  };
#define TRTN_LOAD(name) load(#name, api.name)
  TRTN_LOAD(nvjpegGetProperty);
  TRTN_LOAD(nvjpegCreateSimple);
  TRTN_LOAD(nvjpegDestroy);
  TRTN_LOAD(nvjpegJpegStateCreate);
  TRTN_LOAD(nvjpegJpegStateDestroy);
  TRTN_LOAD(nvjpegGetImageInfo);
  TRTN_LOAD(nvjpegDecode);
#undef TRTN_LOAD
  return api;
}

std::string StatusName(Status status) {
  static const char* const kNames[] = {"SUCCESS",
                                       "NOT_INITIALIZED",
                                       "INVALID_PARAMETER",
                                       "BAD_JPEG",
                                       "JPEG_NOT_SUPPORTED",
                                       "ALLOCATOR_FAILURE",
                                       "EXECUTION_FAILED",
                                       "ARCH_MISMATCH",
                                       "INTERNAL_ERROR",
                                       "IMPLEMENTATION_NOT_SUPPORTED",
                                       "INCOMPLETE_BITSTREAM"};
  const bool is_known = status >= 0 && static_cast<size_t>(status) < std::size(kNames);
  if (!is_known) return "status " + std::to_string(status);
  return std::string("NVJPEG_STATUS_") + kNames[status];
}

}  // namespace trtn::nvjpeg
