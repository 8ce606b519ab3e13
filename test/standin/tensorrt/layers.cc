// SPDX-License-Identifier: Apache-2.0
#include "layers.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <sstream>
#include <stdexcept>

#include "cast.h"

namespace standin {

namespace {

std::vector<std::string> Words(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

Shape Broadcast(const Shape& a, const Shape& b) {
  Shape result(std::max(a.size(), b.size()));
  for (size_t i = 0; i < result.size(); ++i) {
    int64_t left = i < result.size() - a.size() ? 1 : a[i - (result.size() - a.size())];
    int64_t right = i < result.size() - b.size() ? 1 : b[i - (result.size() - b.size())];
    if (left >= 0 && right >= 0 && left != right && left != 1 && right != 1) {
      throw std::runtime_error("broadcast dimensions must be conformable: " + ShapeText(a) + " and " +
                               ShapeText(b));
    }
    result[i] = left < 0 || right < 0 ? -1 : left == 1 ? right : left;
  }
  return result;
}

Shape InferReshape(const Shape& input, const Shape& values) {
  Shape result = values;
  int64_t known = 1;
  int64_t* inferred = nullptr;
  for (size_t i = 0; i < result.size(); ++i) {
    if (result[i] == 0 && i < input.size()) result[i] = input[i];
    if (result[i] == -1 && !inferred)
      inferred = &result[i];
    else if (result[i] < 0)
      throw std::runtime_error("reshape to " + ShapeText(values) + " is not possible");
    else
      known *= result[i];
  }
  int64_t count = ElementCount(input);
  if (inferred && count >= 0) *inferred = known ? count / known : 0;
  if (count >= 0 && ElementCount(result) != count) {
    throw std::runtime_error("reshape changes volume from " + std::to_string(count) + ": " +
                             ShapeText(input) + " to " + ShapeText(values));
  }
  return result;
}

Shape InferMatMul(const Layer& layer, Shape dims) {
  if (dims.empty() || (dims.back() >= 0 && dims.back() != layer.k)) {
    throw std::runtime_error(
        layer.name + ": last dimension of input0 = " + (dims.empty() ? "none" : std::to_string(dims.back())) +
        " and second to last dimension of input1 = " + std::to_string(layer.k) + " but must match.");
  }
  dims.back() = layer.n;
  return dims;
}

Shape InferConv(const Layer& layer, Shape dims) {
  if (dims.size() != 4 || (dims[1] >= 0 && dims[1] != layer.k)) {
    throw std::runtime_error(layer.name + ": kernel weights have " + std::to_string(layer.k) +
                             " channels, the input is " + ShapeText(dims));
  }
  dims[1] = layer.n;
  return dims;
}

Shape InferFlatten(const Layer& layer, const Shape& dims) {
  if (layer.k < 0 || static_cast<size_t>(layer.k) >= dims.size()) {
    throw std::runtime_error(layer.name + ": the input " + ShapeText(dims) + " has too few dimensions");
  }
  Shape result(dims.begin(), dims.begin() + layer.k);
  int64_t count = 1;
  for (size_t i = static_cast<size_t>(layer.k); i < dims.size(); ++i) {
    count = dims[i] < 0 || count < 0 ? -1 : count * dims[i];
  }
  result.push_back(count);
  return result;
}

// Index of the element of a smaller, broadcast tensor that belongs to one of the result.
int64_t BroadcastIndex(int64_t index, const Shape& result, const Shape& dims) {
  int64_t source = 0, stride = 1;
  for (size_t i = 0; i < dims.size(); ++i) {
    int64_t result_dim = result[result.size() - 1 - i];
    int64_t dim = dims[dims.size() - 1 - i];
    source += (dim == 1 ? 0 : index % result_dim) * stride;
    index /= result_dim;
    stride *= dim;
  }
  return source;
}

void RunAdd(const Operand& a, const Operand& b, const Operand& y) {
  const auto *left = static_cast<const float*>(a.data), *right = static_cast<const float*>(b.data);
  auto* out = static_cast<float*>(y.data);
  for (int64_t i = 0, count = ElementCount(y.dims); i < count; ++i) {
    out[i] = left[BroadcastIndex(i, y.dims, a.dims)] + right[BroadcastIndex(i, y.dims, b.dims)];
  }
}

void RunMatMul(const Layer& layer, const Operand& x, const Operand& y, const std::vector<float>& weight) {
  const auto* in = static_cast<const float*>(x.data);
  auto* out = static_cast<float*>(y.data);
  int64_t rows = ElementCount(x.dims) / std::max<int64_t>(layer.k, 1);
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t column = 0; column < layer.n; ++column) {
      float sum = 0;
      for (int64_t i = 0; i < layer.k; ++i) sum += in[row * layer.k + i] * weight[i * layer.n + column];
      out[row * layer.n + column] = sum;
    }
  }
}

void RunRelu(const Operand& x, const Operand& y) {
  const auto* in = static_cast<const float*>(x.data);
  auto* out = static_cast<float*>(y.data);
  // NaN stays NaN.
  for (int64_t i = 0, count = ElementCount(x.dims); i < count; ++i) out[i] = in[i] < 0 ? 0 : in[i];
}

// One number of a convolution: the filter over what lies around a place of an image [c, height, width].
float Convolve(const Layer& layer, const float* image, const float* filter, const Shape& dims, int64_t row,
               int64_t column) {
  const int64_t height = dims[2], width = dims[3], reach = layer.size / 2;
  float sum = 0;
  for (int64_t channel = 0; channel < layer.k; ++channel) {
    for (int64_t tap = 0; tap < layer.size * layer.size; ++tap) {
      const int64_t y = row + tap / layer.size - reach, x = column + tap % layer.size - reach;
      if (y < 0 || x < 0 || y >= height || x >= width) continue;
      sum += image[(channel * height + y) * width + x] * filter[channel * layer.size * layer.size + tap];
    }
  }
  return sum;
}

void RunConv(const Layer& layer, const Operand& x, const Operand& y, const std::vector<float>& weight) {
  const auto* in = static_cast<const float*>(x.data);
  auto* out = static_cast<float*>(y.data);
  const int64_t height = x.dims[2], width = x.dims[3];
  const int64_t filter_size = layer.k * layer.size * layer.size;
  for (int64_t i = 0, count = ElementCount(y.dims); i < count; ++i) {
    const int64_t column = i % width, row = i / width % height;
    const int64_t filter = i / (width * height) % layer.n, image = i / (width * height * layer.n);
    out[i] = Convolve(layer, in + image * layer.k * height * width, &weight[filter * filter_size], x.dims,
                      row, column);
  }
}

void PutIndex(const Operand& tensor, int64_t at, int64_t index) {
  if (tensor.type == nv::DataType::kINT64)
    static_cast<int64_t*>(tensor.data)[at] = index;
  else
    static_cast<int32_t*>(tensor.data)[at] = static_cast<int32_t>(index);
}

void RunTopK(const Layer& layer, const Operand& x, const Operand& values, const Operand& indices) {
  const auto* in = static_cast<const float*>(x.data);
  int64_t width = x.dims.back();
  int64_t rows = width ? ElementCount(x.dims) / width : 0;
  std::vector<int64_t> order(static_cast<size_t>(width));
  for (int64_t row = 0; row < rows; ++row, in += width) {
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) { return in[a] > in[b]; });
    for (int64_t i = 0; i < layer.k; ++i) {
      static_cast<float*>(values.data)[row * layer.k + i] = in[order[i]];
      PutIndex(indices, row * layer.k + i, order[i]);
    }
  }
}

void RunNonZero(const Operand& x, const Operand& y) {
  const auto* in = static_cast<const float*>(x.data);
  int64_t found = 0, columns = y.dims[1];
  for (int64_t i = 0, count = ElementCount(x.dims); i < count && found < columns; ++i) {
    if (in[i] == 0) continue;
    int64_t rest = i;
    for (size_t axis = x.dims.size(); axis-- > 0;) {
      PutIndex(y, static_cast<int64_t>(axis) * columns + found, rest % x.dims[axis]);
      rest /= x.dims[axis];
    }
    ++found;
  }
}

void RunSum(const Operand& x, const Operand& y) {
  const auto* in = static_cast<const float*>(x.data);
  int64_t rows = ElementCount(y.dims);
  int64_t width = rows ? ElementCount(x.dims) / rows : 0;
  for (int64_t row = 0; row < rows; ++row) {
    static_cast<float*>(y.data)[row] = std::accumulate(in + row * width, in + (row + 1) * width, 0.0f);
  }
}

void RunScale(const Operand& x, const Operand& y, float factor) {
  const auto* in = static_cast<const float*>(x.data);
  auto* out = static_cast<float*>(y.data);
  for (int64_t i = 0, count = ElementCount(x.dims); i < count; ++i) out[i] = in[i] * factor;
}

}  // namespace

Layer ParseLayer(const std::string& text, const std::function<int(const std::string&)>& tensor) {
  std::vector<std::string> words = Words(text);
  auto expect = [&](size_t arguments) {
    if (words.size() != arguments + 1) throw std::runtime_error("plan line `layer " + text + "`");
  };
  if (words.empty()) throw std::runtime_error("plan line `layer`");
  Layer layer;
  layer.function = words[0];
  if (layer.function == "identity" || layer.function == "nonzero" || layer.function == "sum" ||
      layer.function == "relu" || layer.function == "cast" || layer.function == "shapeof") {
    expect(2);
    layer.inputs = {tensor(words[1])}, layer.outputs = {tensor(words[2])};
  } else if (layer.function == "scale") {
    expect(3);
    layer.inputs = {tensor(words[1])}, layer.outputs = {tensor(words[2])}, layer.weight = words[3];
  } else if (layer.function == "add" || layer.function == "reshape") {
    expect(3);
    layer.inputs = {tensor(words[1]), tensor(words[2])}, layer.outputs = {tensor(words[3])};
  } else if (layer.function == "flatten") {
    expect(3);
    layer.inputs = {tensor(words[1])}, layer.outputs = {tensor(words[2])};
    layer.k = std::stoll(words[3]);
  } else if (layer.function == "matmul") {
    expect(4);
    layer.inputs = {tensor(words[1])}, layer.outputs = {tensor(words[4])}, layer.weight = words[2];
    size_t cross = 0;
    layer.k = std::stoll(words[3], &cross);
    layer.n = std::stoll(words[3].substr(cross + 1));
  } else if (layer.function == "conv") {
    expect(4);
    layer.inputs = {tensor(words[1])}, layer.outputs = {tensor(words[4])}, layer.weight = words[2];
    char cross = 0;
    std::istringstream(words[3]) >> layer.n >> cross >> layer.k >> cross >> layer.size;
  } else if (layer.function == "topk") {
    expect(4);
    layer.inputs = {tensor(words[1])}, layer.outputs = {tensor(words[2]), tensor(words[3])};
    layer.k = std::stoll(words[4]);
  } else {
    throw std::runtime_error("plan line `layer " + text + "`: unknown function");
  }
  layer.name = layer.function + " " + words[1];
  return layer;
}

std::vector<Shape> InferLayer(const Layer& layer, const std::vector<Shape>& inputs, const Shape* values) {
  const Shape& x = inputs[0];
  const std::string& function = layer.function;
  if (function == "add") return {Broadcast(x, inputs[1])};
  if (function == "matmul") return {InferMatMul(layer, x)};
  if (function == "conv") return {InferConv(layer, x)};
  if (function == "nonzero") return {{static_cast<int64_t>(x.size()), -1}};
  if (function == "shapeof") return {{static_cast<int64_t>(x.size())}};
  if (function == "sum") return {{x.empty() ? 1 : x[0]}};
  if (function == "flatten") return {InferFlatten(layer, x)};
  if (function == "topk") {
    Shape dims = x;
    if (dims.empty() || (dims.back() >= 0 && dims.back() < layer.k)) {
      throw std::runtime_error(layer.name + ": K not within range of its input " + ShapeText(x));
    }
    dims.back() = layer.k;
    return {dims, dims};
  }
  if (function == "reshape") {
    if (values) return {InferReshape(x, *values)};
    const Shape& shape = inputs[1];
    return {Shape(shape.empty() || shape[0] < 0 ? 0 : static_cast<size_t>(shape[0]), -1)};
  }
  return {x};
}

void RunLayer(const Layer& layer, const std::vector<Operand>& inputs, const std::vector<Operand>& outputs,
              const std::vector<float>& weight) {
  const Operand &x = inputs[0], &y = outputs[0];
  const std::string& function = layer.function;
  if (function == "scale")
    RunScale(x, y, weight.empty() ? 1 : weight[0]);
  else if (function == "add")
    RunAdd(x, inputs[1], y);
  else if (function == "matmul")
    RunMatMul(layer, x, y, weight);
  else if (function == "relu")
    RunRelu(x, y);
  else if (function == "conv")
    RunConv(layer, x, y, weight);
  else if (function == "cast")
    RunCast(x, y);
  else if (function == "topk")
    RunTopK(layer, x, y, outputs[1]);
  else if (function == "nonzero")
    RunNonZero(x, y);
  else if (function == "sum")
    RunSum(x, y);
  else if (function == "shapeof")
    PutShape(x.dims, y);
  else if (int64_t bytes = ByteCount(y.dims, y.type))
    std::memcpy(y.data, x.data, static_cast<size_t>(bytes));
}

void PutShape(const Shape& shape, const Operand& tensor) {
  for (size_t i = 0; i < shape.size(); ++i) PutIndex(tensor, static_cast<int64_t>(i), shape[i]);
}

int64_t CountNonZero(const Operand& input) {
  const auto* in = static_cast<const float*>(input.data);
  int64_t count = ElementCount(input.dims);
  return std::count_if(in, in + count, [](float value) { return value != 0; });
}

}  // namespace standin
