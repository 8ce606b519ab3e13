// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "dl/dynamic_library.h"
#include "trt/plan.h"

namespace trtn::trt {

/// A library that runs plans, opened, with the entry points that the families' code needs.
///
/// A lean library is opened as such. (IRuntime::loadRuntime, which puts a lean library under a full one of
/// another version, is therefore not needed.)
struct PlanLibrary {
  Family family = Family::kTensorRtRtx;
  int version = 0;
  std::shared_ptr<DynamicLibrary> infer;
  /// Null without one.
  std::shared_ptr<DynamicLibrary> parser;
  void* (*create_runtime)(void* logger, int version) = nullptr;
  /// Null in a lean library.
  void* (*create_refitter)(void* engine, void* logger, int version) = nullptr;
  /// Null without a parser.
  void* (*create_parser_refitter)(void* refitter, void* logger, int version) = nullptr;
  std::vector<std::string> plugins;
  std::string driver_path;
};

}  // namespace trtn::trt
