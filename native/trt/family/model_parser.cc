// SPDX-License-Identifier: Apache-2.0
#include "trt/family/model_parser.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <vector>

#include "trt/build_failure.h"
#include "trt/family/logger.h"
#include "trt/family/parser_errors.h"
#include "trt/parser_issue.h"

namespace trtn::trt::TRTN_FAMILY {
namespace {

/// Precision comes from the graph in every family; only TensorRT 10 has to be told so.
nv::NetworkDefinitionCreationFlags NetworkFlags() {
#if TRTN_IS_10
  return 1U << static_cast<uint32_t>(nv::NetworkDefinitionCreationFlag::kSTRONGLY_TYPED);
#else
  return 0;
#endif
}

ParsedModel CreateEmpty(const BuildSession& session) {
  ParsedModel model;
  nv::INetworkDefinition* network = session.builder.createNetworkV2(NetworkFlags());
  if (!IsObject(network)) throw BuildFailure("IBuilder::createNetworkV2", session.log.Lines());
  model.network.reset(network);
  void* parser = session.libraries.create_parser(network, &Logger(), NV_ONNX_PARSER_VERSION);
  if (!IsObject(parser)) throw BuildFailure("createParser", session.log.Lines());
  model.parser.reset(static_cast<nvonnxparser::IParser*>(parser));
  return model;
}

const char* PathOrNull(const BuildRequest& request) {
  return request.model_path.empty() ? nullptr : request.model_path.c_str();
}

bool Parse(const BuildSession& session, nvonnxparser::IParser& parser) {
  const BuildRequest& request = session.request;
  if (request.model_data != nullptr) {
    return parser.parse(request.model_data, request.model_bytes, PathOrNull(request));
  }
  return parser.parseFromFile(request.model_path.c_str(), static_cast<int>(nv::ILogger::Severity::kWARNING));
}

/// parse() stops at the first node that it cannot take. Asks a second parser about the whole model, so that a
/// user learns of all unsupported nodes at once. It fills the network that it is given: a throw-away one.
void CollectUnsupported(const BuildSession& session, std::vector<ParserIssue>& issues) {
  const BuildRequest& request = session.request;
  std::vector<char> file;
  const void* data = request.model_data;
  size_t bytes = request.model_bytes;
  if (data == nullptr) {
    std::ifstream stream(request.model_path, std::ios::binary);
    file.assign(std::istreambuf_iterator<char>(stream), {});
    data = file.data();
    bytes = file.size();
  }
  // Its log repeats what the issues say.
  LogCapture unheard(Severity::kInternalError);
  ParsedModel model = CreateEmpty(session);
  model.parser->supportsModelV2(data, bytes, PathOrNull(request));
  std::vector<ParserIssue> all;
  CollectIssues(*model.parser, all);
  // The rest are consequences, or weights that only the first parser was given.
  std::copy_if(all.begin(), all.end(), std::back_inserter(issues), IsUnsupportedOperator);
}

[[noreturn]] void ThrowRefused(const BuildSession& session, const nvonnxparser::IParser& parser) {
  std::vector<ParserIssue> issues;
  CollectIssues(parser, issues);
  if (std::any_of(issues.begin(), issues.end(), IsUnsupportedOperator)) CollectUnsupported(session, issues);
  throw ParserFailure(issues, session.log.Lines());
}

}  // namespace

ParsedModel ParseModel(const BuildSession& session) {
  ParsedModel model = CreateEmpty(session);
  if (!Parse(session, *model.parser)) ThrowRefused(session, *model.parser);
  // An empty file, a text, some images: the parser calls them a model without nodes.
  if (model.network->getNbOutputs() == 0) {
    throw Error("ERR_TRT_BUILD_PARSE", "TensorRT's parser found no outputs: the data is not an ONNX model.",
                "IParser::parse", session.log.Lines());
  }
  return model;
}

}  // namespace trtn::trt::TRTN_FAMILY
