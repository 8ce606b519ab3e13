// SPDX-License-Identifier: Apache-2.0
// The parser library: no parser, but the parser's refitter, which hands a model's initializers to an
// IRefitter.
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "nv.h"
#include "parser_onnx.h"

namespace standin {

namespace {

using nvonnxparser::ErrorCode;

class ParserError final : public nvonnxparser::IParserError {
 public:
  ParserError(ErrorCode code, std::string text) : code_(code), text_(std::move(text)) {}

  ErrorCode code() const override { return code_; }
  char const* desc() const override { return text_.c_str(); }
  char const* file() const override { return "ModelRefitter.cpp"; }
  int line() const override { return 1; }
  char const* func() const override { return "refit"; }
  int node() const override { return -1; }
  char const* nodeName() const override { return ""; }
  char const* nodeOperator() const override { return ""; }
  char const* const* localFunctionStack() const override { return nullptr; }
  int32_t localFunctionStackSize() const override { return 0; }

 private:
  const ErrorCode code_;
  const std::string text_;
};

class ParserRefitter final : public nvonnxparser::IParserRefitter {
 public:
  explicit ParserRefitter(nv::IRefitter* refitter) : refitter_(*refitter) {
    trtn_standin_count_object("IParserRefitter", 1);
  }
  ~ParserRefitter() noexcept override { trtn_standin_count_object("IParserRefitter", -1); }

  bool refitFromBytes(void const* model, size_t size, char const*) noexcept override {
    if (trtn_standin_call("IParserRefitter::refitFromBytes") != 0) return Fail("ordered");
    return Refit(model, size);
  }

  bool refitFromFile(char const* path) noexcept override {
    if (trtn_standin_call("IParserRefitter::refitFromFile") != 0) return Fail("ordered");
    std::ifstream file(path, std::ios::binary);
    if (!file) return Fail(std::string("Input file cannot be found, or is not a regular file: ") + path);
    std::vector<char> bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    return Refit(bytes.data(), bytes.size());
  }

  int32_t getNbErrors() const noexcept override { return static_cast<int32_t>(errors_.size()); }
  nvonnxparser::IParserError const* getError(int32_t index) const noexcept override {
    return index >= 0 && index < getNbErrors() ? errors_[index].get() : nullptr;
  }
  void clearErrors() override { errors_.clear(); }
  bool loadModelProto(void const*, size_t, char const*) noexcept override {
    return NotImplemented("IParserRefitter::loadModelProto");
  }
  bool loadInitializer(char const*, void const*, size_t) noexcept override {
    return NotImplemented("IParserRefitter::loadInitializer");
  }
  bool refitModelProto() noexcept override { return NotImplemented("IParserRefitter::refitModelProto"); }
#if !STANDIN_IS_10
  void setRefitObserver(nvonnxparser::IRefitterObserver*) noexcept override {
    NotImplemented("IParserRefitter::setRefitObserver");
  }
#endif

 private:
  bool Fail(const std::string& text, ErrorCode code = ErrorCode::kINVALID_VALUE) {
    errors_.push_back(std::make_unique<ParserError>(code, text));
    return false;
  }

  bool NotImplemented(const char* entry) {
    trtn_standin_violation((std::string("not implemented: ") + entry).c_str());
    return false;
  }

  // Initializers that the engine does not know are left out, as they may have been folded away.
  bool Refit(const void* model, size_t size) {
    std::optional<std::vector<Initializer>> initializers = ReadInitializers(model, size);
    if (!initializers) {
      return Fail(
          "Assertion failed: model->ParseFromCodedStream(&codedInput): Failed to parse the ONNX model.",
          ErrorCode::kMODEL_DESERIALIZE_FAILED);
    }
    std::vector<const char*> names(static_cast<size_t>(refitter_.getAllWeights(0, nullptr)));
    refitter_.getAllWeights(static_cast<int32_t>(names.size()), names.data());
    std::set<std::string> known(names.begin(), names.end());
    for (const Initializer& initializer : *initializers) {
      if (!known.count(initializer.name)) continue;
      nv::Weights weights{nv::DataType::kFLOAT, initializer.values.data(),
                          static_cast<int64_t>(initializer.values.size())};
      if (!refitter_.setNamedWeights(initializer.name.c_str(), weights)) {
        return Fail("Assertion failed: refitter->setNamedWeights(): Failed to set weights " +
                    initializer.name);
      }
    }
    return true;
  }

  nv::IRefitter& refitter_;
  std::vector<std::unique_ptr<ParserError>> errors_;
};

}  // namespace

}  // namespace standin

extern "C" {

TENSORRTAPI int getNvOnnxParserVersion() noexcept { return STANDIN_IS_10 ? 100 : 200; }

// The stand-in builds no engines: a parser would have no network to fill.
TENSORRTAPI void* createNvOnnxParser_INTERNAL(void*, void*, int) noexcept {
  trtn_standin_call("createNvOnnxParser");
  return nullptr;
}

TENSORRTAPI void* createNvOnnxParserRefitter_INTERNAL(void* refitter, void*, int32_t) noexcept {
  if (!refitter || trtn_standin_call("createNvOnnxParserRefitter") != 0) return nullptr;
  return static_cast<nvonnxparser::IParserRefitter*>(
      new standin::ParserRefitter(static_cast<nvinfer1::IRefitter*>(refitter)));
}

}  // extern "C"
