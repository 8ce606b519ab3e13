// SPDX-License-Identifier: Apache-2.0
// As much of the protobuf wire format as finds initializers.
#include "parser_onnx.h"

#include <cstring>

namespace standin {

namespace {

// Fields of ModelProto, GraphProto and TensorProto.
constexpr uint64_t kModelGraph = 7, kGraphInitializer = 5;
constexpr uint64_t kTensorDataType = 2, kTensorFloatData = 4, kTensorName = 8, kTensorRawData = 9;

class Wire {
 public:
  Wire(const void* data, size_t size) : at_(static_cast<const uint8_t*>(data)), end_(at_ + size) {}

  /// Moves to the next field; false at the end, or where the bytes are no protobuf.
  bool Next() {
    if (at_ == end_ || failed_) return false;
    uint64_t tag = Varint();
    field_ = tag >> 3;
    wire_ = static_cast<int>(tag & 7);
    number_ = 0;
    size_ = 0;
    if (wire_ == 0)
      number_ = Varint();
    else if (wire_ == 1)
      Take(8);
    else if (wire_ == 2)
      Take(Varint());
    else if (wire_ == 5)
      Take(4);
    else
      failed_ = true;
    return !failed_;
  }

  uint64_t field() const { return field_; }
  bool is_bytes() const { return wire_ == 2; }
  uint64_t number() const { return number_; }
  const uint8_t* data() const { return data_; }
  size_t size() const { return size_; }
  bool failed() const { return failed_; }

 private:
  uint64_t Varint() {
    uint64_t value = 0;
    for (int shift = 0; at_ != end_ && shift < 64; shift += 7) {
      uint8_t byte = *at_++;
      value |= static_cast<uint64_t>(byte & 127) << shift;
      if (byte < 128) return value;
    }
    failed_ = true;
    return 0;
  }

  void Take(uint64_t size) {
    if (failed_ || size > static_cast<uint64_t>(end_ - at_)) {
      failed_ = true;
      return;
    }
    data_ = at_;
    size_ = static_cast<size_t>(size);
    at_ += size;
  }

  const uint8_t* at_;
  const uint8_t* const end_;
  const uint8_t* data_ = nullptr;
  size_t size_ = 0;
  uint64_t field_ = 0, number_ = 0;
  int wire_ = 0;
  bool failed_ = false;
};

void AppendFloats(const Wire& wire, std::vector<float>* values) {
  size_t start = values->size(), count = wire.size() / sizeof(float);
  if (count == 0) return;
  values->resize(start + count);
  std::memcpy(values->data() + start, wire.data(), count * sizeof(float));
}

bool ReadTensor(const Wire& field, Initializer* tensor) {
  constexpr uint64_t kFloat = 1;
  Wire wire(field.data(), field.size());
  uint64_t type = kFloat;
  while (wire.Next()) {
    if (wire.field() == kTensorName && wire.is_bytes()) {
      tensor->name.assign(reinterpret_cast<const char*>(wire.data()), wire.size());
    } else if (wire.field() == kTensorDataType) {
      type = wire.number();
    } else if (wire.field() == kTensorFloatData || wire.field() == kTensorRawData) {
      AppendFloats(wire, &tensor->values);
    }
  }
  if (type != kFloat) tensor->values.clear();
  return !wire.failed();
}

bool ReadGraph(const Wire& field, std::vector<Initializer>* initializers) {
  Wire wire(field.data(), field.size());
  while (wire.Next()) {
    if (wire.field() != kGraphInitializer || !wire.is_bytes()) continue;
    if (!ReadTensor(wire, &initializers->emplace_back())) return false;
  }
  return !wire.failed();
}

}  // namespace

std::optional<std::vector<Initializer>> ReadInitializers(const void* data, size_t size) {
  std::vector<Initializer> initializers;
  bool has_graph = false;
  Wire wire(data, size);
  while (wire.Next()) {
    if (wire.field() != kModelGraph || !wire.is_bytes()) continue;
    if (!ReadGraph(wire, &initializers)) return std::nullopt;
    has_graph = true;
  }
  if (wire.failed() || !has_graph) return std::nullopt;
  return initializers;
}

}  // namespace standin
