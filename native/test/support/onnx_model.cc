// SPDX-License-Identifier: Apache-2.0
#include "test/support/onnx_model.h"

#include <cstring>

namespace trtn::test {
namespace {

std::string Varint(uint64_t value) {
  std::string bytes;
  while (value >= 0x80) {
    bytes += static_cast<char>(value | 0x80);
    value >>= 7;
  }
  return bytes + static_cast<char>(value);
}

std::string Number(int field, int64_t value) {
  return Varint(static_cast<uint64_t>(field) << 3) + Varint(static_cast<uint64_t>(value));
}

std::string Bytes(int field, const std::string& value) {
  return Varint(static_cast<uint64_t>(field) << 3 | 2) + Varint(value.size()) + value;
}

// ValueInfoProto: name = 1, type = 2 { tensor_type = 1 { elem_type = 1, shape = 2 { dim = 1 { value = 1,
// param = 2 }}}}
std::string ValueInfo(const std::string& name, const std::vector<OnnxDim>& dims, int type) {
  std::string shape;
  for (const OnnxDim& dim : dims) {
    const auto* number = std::get_if<int64_t>(&dim);
    shape += Bytes(1, number != nullptr ? Number(1, *number) : Bytes(2, std::get<std::string>(dim)));
  }
  return Bytes(1, name) + Bytes(2, Bytes(1, Number(1, type) + Bytes(2, shape)));
}

}  // namespace

OnnxModel& OnnxModel::Input(const std::string& name, const std::vector<OnnxDim>& dims, int type) {
  inputs_ += Bytes(11, ValueInfo(name, dims, type));
  return *this;
}

OnnxModel& OnnxModel::Output(const std::string& name, const std::vector<OnnxDim>& dims, int type) {
  outputs_ += Bytes(12, ValueInfo(name, dims, type));
  return *this;
}

// TensorProto: dims = 1, data_type = 2, name = 8, raw_data = 9
OnnxModel& OnnxModel::Weights(const std::string& name, const std::vector<int64_t>& dims, float value) {
  std::string tensor;
  size_t count = 1;
  for (int64_t dim : dims) {
    tensor += Number(1, dim);
    count *= static_cast<size_t>(dim);
  }
  std::string raw(count * sizeof(float), '\0');
  for (size_t i = 0; i < count; i++) std::memcpy(&raw[i * sizeof(float)], &value, sizeof(float));
  initializers_ += Bytes(5, tensor + Number(2, kOnnxFloat) + Bytes(8, name) + Bytes(9, raw));
  return *this;
}

// TensorProto: external_data = 13 { key = 1, value = 2 }, data_location = 14 (1 is EXTERNAL)
OnnxModel& OnnxModel::ExternalWeights(const std::string& name, const std::vector<int64_t>& dims,
                                      const std::string& file) {
  std::string tensor;
  for (int64_t dim : dims) tensor += Number(1, dim);
  const std::string location = Bytes(13, Bytes(1, "location") + Bytes(2, file));
  initializers_ += Bytes(5, tensor + Number(2, kOnnxFloat) + Bytes(8, name) + location + Number(14, 1));
  return *this;
}

// NodeProto: input = 1, output = 2, name = 3, op_type = 4, domain = 7
OnnxModel& OnnxModel::Node(const std::string& op, const std::string& name,
                           const std::vector<std::string>& inputs, const std::vector<std::string>& outputs,
                           const std::string& domain) {
  std::string node;
  for (const std::string& input : inputs) node += Bytes(1, input);
  for (const std::string& output : outputs) node += Bytes(2, output);
  node += Bytes(3, name) + Bytes(4, op);
  if (!domain.empty()) node += Bytes(7, domain);
  nodes_ += Bytes(1, node);
  return *this;
}

// ModelProto: ir_version = 1, graph = 7, opset_import = 8. GraphProto: name = 2, the rest as numbered above.
std::string OnnxModel::Serialize() const {
  const std::string graph = nodes_ + Bytes(2, "test") + initializers_ + inputs_ + outputs_;
  return Number(1, 8) + Bytes(7, graph) + Bytes(8, Bytes(1, "") + Number(2, opset_));
}

std::string SmallConvNet() {
  return OnnxModel()
      .Input("x", {int64_t{1}, int64_t{3}, int64_t{8}, int64_t{8}})
      .Output("y", {int64_t{1}, int64_t{4}, int64_t{6}, int64_t{6}})
      .Weights("w", {4, 3, 3, 3}, 0.5f)
      .Node("Conv", "conv", {"x", "w"}, {"c"})
      .Node("Relu", "relu", {"c"}, {"y"})
      .Serialize();
}

std::string DynamicMatMul() {
  return OnnxModel()
      .Input("x", {"batch", int64_t{8}})
      .Output("y", {"batch", int64_t{4}})
      .Weights("w", {8, 4}, 0.25f)
      .Node("MatMul", "mm", {"x", "w"}, {"y"})
      .Serialize();
}

std::string ReshapeByInput() {
  return OnnxModel()
      .Input("x", {int64_t{2}, int64_t{6}})
      .Input("s", {int64_t{2}}, kOnnxInt64)
      .Output("y", {"a", "b"})
      .Node("Reshape", "reshape", {"x", "s"}, {"y"})
      .Serialize();
}

}  // namespace trtn::test
