// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace trtn::test {

/// ONNX element types as the format numbers them.
enum OnnxType { kOnnxFloat = 1, kOnnxInt32 = 6, kOnnxInt64 = 7, kOnnxString = 8, kOnnxDouble = 11 };

/// A dimension: a number, or a symbol's name.
using OnnxDim = std::variant<int64_t, std::string>;

/// Writes small ONNX models, so that tests need no files. Only what the tests use.
class OnnxModel {
 public:
  explicit OnnxModel(int64_t opset = 17) : opset_(opset) {}

  OnnxModel& Input(const std::string& name, const std::vector<OnnxDim>& dims, int type = kOnnxFloat);
  OnnxModel& Output(const std::string& name, const std::vector<OnnxDim>& dims, int type = kOnnxFloat);
  /// Weights of `value` everywhere.
  OnnxModel& Weights(const std::string& name, const std::vector<int64_t>& dims, float value);
  /// Weights that lie in another file.
  OnnxModel& ExternalWeights(const std::string& name, const std::vector<int64_t>& dims,
                             const std::string& file);
  OnnxModel& Node(const std::string& op, const std::string& name, const std::vector<std::string>& inputs,
                  const std::vector<std::string>& outputs, const std::string& domain = "");

  std::string Serialize() const;

 private:
  int64_t opset_;
  std::string nodes_, initializers_, inputs_, outputs_;
};

/// x [1, 3, 8, 8] → Conv 4×3×3×3 → Relu → y.
std::string SmallConvNet();
/// x [batch, 8] → MatMul 8×4 → y.
std::string DynamicMatMul();
/// Reshape of x [2, 6] to the values of the input s [2].
std::string ReshapeByInput();

}  // namespace trtn::test
