// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "dl/dynamic_library.h"
#include "trt/library.h"

namespace trtn::trt {

/// What a library is opened for: building needs a builder, running does with a lean library.
enum class LibraryUse { kBuild, kRun };

/// Fills `report` (version, family, reason) from an opened library. Asks for the version, nothing else.
void Identify(const DynamicLibrary& library, LibraryUse use, LibraryReport& report);

/// An opened library of a family that this addon was compiled for.
struct IdentifiedLibrary {
  std::shared_ptr<DynamicLibrary> library;
  Family family = Family::kTensorRtRtx;
  int version = 0;
};

/// Opens, identifies and keeps the library. Throws ERR_TRT_LOAD_TENSORRT_NOT_FOUND, _BROKEN or _UNSUPPORTED.
IdentifiedLibrary OpenIdentified(const std::string& path, LibraryUse use);

/// Opens the ONNX parser (for running: the part of it that refits) and keeps it. After the library that it
/// depends on: it must find that very copy. Throws as OpenIdentified() does.
std::shared_ptr<DynamicLibrary> OpenParser(const std::string& path, LibraryUse use);

}  // namespace trtn::trt
