// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/builder.h"
#include "dl/dynamic_library.h"

namespace trtn::trt {

/// What a candidate file turned out to be.
struct LibraryReport {
  std::string path;
  /// getInferLibVersion(); 0 if the file cannot be opened or is no TensorRT.
  int version = 0;
  std::optional<Family> family;
  /// Why it cannot be used; empty if it can.
  std::string reason;
  /// Whether the reason is that the file is not there.
  bool missing = false;
};

/// Opens the builder library `path` and asks its version, nothing else: safe without a driver. Never throws.
LibraryReport ProbeLibrary(const std::string& path);

/// Families whose headers were there when this code was compiled.
std::vector<Family> CompiledFamilies();

/// The builder library and its ONNX parser, opened, with the entry points that the families' code needs.
struct LibraryPair {
  Family family = Family::kTensorRtRtx;
  int version = 0;
  std::shared_ptr<DynamicLibrary> infer;
  std::shared_ptr<DynamicLibrary> parser;
  void* (*create_builder)(void* logger, int version) = nullptr;
  void* (*create_parser)(void* network, void* logger, int version) = nullptr;
  /// libcuda to ask before a builder is created; empty for the system's.
  std::string driver_path;
};

/// Opens both libraries and returns the backend of their family. No TensorRT object is created yet.
///
/// Throws ERR_TRT_LOAD_TENSORRT_NOT_FOUND, _BROKEN or _UNSUPPORTED.
std::shared_ptr<BuilderBackend> OpenBuilderBackend(const std::string& library, const std::string& parser,
                                                   const std::string& driver_path = {});

}  // namespace trtn::trt
