// SPDX-License-Identifier: Apache-2.0
#include "trt/family/logger.h"

#include "core/log_capture.h"

namespace trtn::trt::TRTN_FAMILY {
namespace {

class RoutingLogger final : public nv::ILogger {
 public:
  void log(Severity severity, nv::AsciiChar const* message) noexcept override {
    RouteLog(static_cast<trtn::Severity>(severity), message);
  }
};

}  // namespace

nv::ILogger& Logger() {
  static auto& logger = *new RoutingLogger;
  return logger;
}

}  // namespace trtn::trt::TRTN_FAMILY
