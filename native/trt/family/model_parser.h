// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "trt/family/build_session.h"

namespace trtn::trt::TRTN_FAMILY {

/// A network and the parser that filled it. The parser holds the weights: both live until the engine is
/// built, and the parser goes first.
struct ParsedModel {
  Owned<nv::INetworkDefinition> network;
  Owned<nvonnxparser::IParser> parser;
};

/// Parses the request's model. Throws ERR_TRT_BUILD_PARSE, ERR_TRT_ONNX_* with every error that the parser
/// has.
ParsedModel ParseModel(const BuildSession& session);

}  // namespace trtn::trt::TRTN_FAMILY
