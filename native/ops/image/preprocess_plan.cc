// SPDX-License-Identifier: Apache-2.0
#include "ops/image/preprocess_plan.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <string>
#include <tuple>

#include "core/error.h"

namespace trtn::ops {

namespace preprocess {

/// In the order of planPreprocessImages() in lib/ops/image/preprocess.ts.
enum Field {
  kFormat,
  kWidth,
  kHeight,
  kStride,
  kChromaStride,
  kMatrix,
  kIsFullRange,
  // What may be read: left, top, right, bottom.
  kLow,
  kHigh = kLow + 2,
  // What is shown: left, top, width, height.
  kOrigin = kHigh + 2,
  kLength = kOrigin + 2,
  // Where it goes: left, top, width, height.
  kPlace = kLength + 2,
  kPlaceSize = kPlace + 2,
  kNumbersPerImage = kPlaceSize + 2
};

[[noreturn]] void Refuse(const std::string& what) {
  throw Error("ERR_TRT_RUN_FAILED", "preprocessImages was given " + what + ".");
}

template <class Choice>
Choice Choose(const std::string& text, const std::vector<std::pair<const char*, Choice>>& choices) {
  for (const auto& [name, choice] : choices) {
    if (text == name) return choice;
  }
  Refuse("\"" + text + "\" where it takes another word");
}

ResampleRequest ReadAxis(const double* fields, int axis, const Attributes& attributes) {
  ResampleRequest request;
  request.filter = Choose<ResampleFilter>(attributes.Text("filter"), {{"nearest", ResampleFilter::kNearest},
                                                                      {"bilinear", ResampleFilter::kBilinear},
                                                                      {"bicubic", ResampleFilter::kBicubic},
                                                                      {"area", ResampleFilter::kArea}});
  request.coordinates = Choose<ResampleCoordinates>(attributes.Text("coordinates"),
                                                    {{"half-pixel", ResampleCoordinates::kHalfPixel},
                                                     {"align-corners", ResampleCoordinates::kAlignCorners},
                                                     {"asymmetric", ResampleCoordinates::kAsymmetric}});
  request.antialias = attributes.Flag("antialias");
  request.origin = fields[kOrigin + axis];
  request.length = fields[kLength + axis];
  request.low = static_cast<int32_t>(fields[kLow + axis]);
  request.high = static_cast<int32_t>(fields[kHigh + axis]);
  request.outputs = static_cast<int32_t>(fields[kPlaceSize + axis]);
  return request;
}

/// Numbers that int32_t and the arithmetic of addresses take; the rest is checked against each other.
void CheckFields(const double* fields) {
  for (int i = 0; i < kNumbersPerImage; ++i) {
    const double most = i == kStride || i == kChromaStride ? 1e12 : 1e9;
    if (!(fields[i] >= 0 && fields[i] <= most)) Refuse("a number out of range");
  }
  for (int axis = 0; axis < 2; ++axis) {
    const bool is_inside = fields[kLow + axis] < fields[kHigh + axis] &&
                           fields[kHigh + axis] <= fields[kWidth + axis] && fields[kLength + axis] > 0 &&
                           fields[kPlaceSize + axis] >= 1;
    if (!is_inside) Refuse("a crop outside of its image");
  }
  if (fields[kFormat] > static_cast<int>(PixelFormat::kYuyv)) Refuse("an unknown format");
}

PreprocessSource ReadSource(const double* fields, const Attributes& attributes) {
  CheckFields(fields);
  PreprocessSource source;
  source.format = static_cast<PixelFormat>(static_cast<int>(fields[kFormat]));
  source.width = static_cast<int32_t>(fields[kWidth]);
  source.height = static_cast<int32_t>(fields[kHeight]);
  source.stride = static_cast<int64_t>(fields[kStride]);
  source.chroma_stride = static_cast<int64_t>(fields[kChromaStride]);
  source.conversion = ConversionOf(static_cast<int>(fields[kMatrix]), fields[kIsFullRange] != 0);
  source.left = static_cast<int32_t>(fields[kPlace]);
  source.top = static_cast<int32_t>(fields[kPlace + 1]);
  source.columns = ReadAxis(fields, 0, attributes);
  source.rows = ReadAxis(fields, 1, attributes);
  return source;
}

void ReadThree(const Attributes& attributes, const char* name, float* to) {
  const std::vector<double>& numbers = attributes.Numbers(name);
  if (numbers.size() != 3) Refuse(std::string("not three numbers as ") + name);
  for (size_t i = 0; i < 3; ++i) to[i] = static_cast<float>(numbers[i]);
}

int64_t BytesPerRow(PixelFormat format, int64_t width) {
  switch (format) {
    case PixelFormat::kRgb:
    case PixelFormat::kBgr:
      return width * 3;
    case PixelFormat::kRgba:
    case PixelFormat::kBgra:
      return width * 4;
    case PixelFormat::kYuyv:
      return width * 2;
    default:
      return width;
  }
}

bool IsPlanarYuv(PixelFormat format) { return format == PixelFormat::kNv12 || format == PixelFormat::kI420; }

void CheckImage(const PreprocessSource& source, const TensorView& data, int32_t width, int32_t height) {
  const bool is_halved = IsPlanarYuv(source.format);
  if ((is_halved && (source.width % 2 != 0 || source.height % 2 != 0)) ||
      (source.format == PixelFormat::kYuyv && source.width % 2 != 0)) {
    Refuse("an odd size for its format");
  }
  const int64_t chroma_row = source.format == PixelFormat::kNv12 ? source.width : source.width / 2;
  if (source.stride < BytesPerRow(source.format, source.width) ||
      (is_halved && source.chroma_stride < chroma_row)) {
    Refuse("a stride shorter than a row");
  }
  if (static_cast<int64_t>(data.bytes) < ImageBytes(source)) Refuse("fewer bytes than the image has");
  if (source.left + static_cast<int64_t>(source.columns.outputs) > width ||
      source.top + static_cast<int64_t>(source.rows.outputs) > height) {
    Refuse("a place outside of the output");
  }
}

/// Appends the weights of axes to the table, equal ones once.
class AxisWriter {
 public:
  explicit AxisWriter(std::vector<uint8_t>& table) : table_(table) {}

  struct Place {
    uint64_t offset;
    int32_t taps;
  };

  Place Write(const ResampleRequest& request) {
    const Key key{request.origin, request.length, request.low, request.high, request.outputs};
    const auto [found, is_new] = places_.try_emplace(key);
    if (is_new) {
      const ResampleAxis axis = MakeResampleAxis(request);
      found->second = {(table_.size() + 15) / 16 * 16, axis.taps};
      const size_t first_bytes = axis.first.size() * sizeof(int32_t);
      const size_t weight_bytes = axis.weights.size() * sizeof(float);
      table_.resize(found->second.offset + first_bytes + weight_bytes);
      std::memcpy(table_.data() + found->second.offset, axis.first.data(), first_bytes);
      std::memcpy(table_.data() + found->second.offset + first_bytes, axis.weights.data(), weight_bytes);
    }
    return found->second;
  }

 private:
  using Key = std::tuple<double, double, int32_t, int32_t, int32_t>;
  std::vector<uint8_t>& table_;
  std::map<Key, Place> places_;
};

PreprocessImage DescribeImage(const PreprocessSource& source, const void* data) {
  PreprocessImage image{};
  image.data = reinterpret_cast<uint64_t>(data);
  image.format = source.format;
  image.stride = source.stride;
  image.chroma_stride = source.chroma_stride;
  image.plane1 = source.stride * source.height;
  image.plane2 = image.plane1 + source.chroma_stride * (source.height / 2);
  image.conversion = source.conversion;
  image.left = source.left;
  image.top = source.top;
  image.width = source.columns.outputs;
  image.height = source.rows.outputs;
  return image;
}

}  // namespace preprocess

ColorConversion ConversionOf(int matrix, bool is_full_range) {
  const double red = matrix == 1 ? 0.2126 : 0.299, blue = matrix == 1 ? 0.0722 : 0.114;
  const double green = 1 - red - blue;
  const double luma = is_full_range ? 1 : 255.0 / 219, chroma = is_full_range ? 1 : 255.0 / 224;
  const auto fixed = [](double x) { return static_cast<int32_t>(std::lround(x * (1 << 20))); };
  return {is_full_range ? 0 : 16,
          fixed(luma),
          fixed(2 * (1 - red) * chroma),
          fixed(-2 * (1 - blue) * blue / green * chroma),
          fixed(-2 * (1 - red) * red / green * chroma),
          fixed(2 * (1 - blue) * chroma)};
}

int64_t ImageBytes(const PreprocessSource& source) {
  const int64_t half = source.height / 2;
  switch (source.format) {
    case PixelFormat::kNv12:
      return source.stride * source.height + source.chroma_stride * (half - 1) + source.width;
    case PixelFormat::kI420:
      return source.stride * source.height + source.chroma_stride * (2 * half - 1) + source.width / 2;
    default:
      return source.stride * (source.height - 1) + preprocess::BytesPerRow(source.format, source.width);
  }
}

PreprocessPlan::PreprocessPlan(const Attributes& attributes) {
  const std::vector<double>& numbers = attributes.Numbers("images");
  if (numbers.size() % preprocess::kNumbersPerImage != 0) preprocess::Refuse("an incomplete list of images");
  for (size_t i = 0; i < numbers.size(); i += preprocess::kNumbersPerImage) {
    sources.push_back(preprocess::ReadSource(numbers.data() + i, attributes));
  }
  const std::string& order = attributes.Text("channels");
  channels = preprocess::Choose<int32_t>(order, {{"rgb", 3}, {"bgr", 3}, {"gray", 1}});
  is_blue_first = order == "bgr";
  is_channels_last = attributes.Flag("channelsLast");
  clamps_rows = attributes.Flag("clampsRows");
  preprocess::ReadThree(attributes, "multiply", multiply);
  preprocess::ReadThree(attributes, "add", add);
  preprocess::ReadThree(attributes, "fill", fill);
}

void PreprocessPlan::Check(const OperatorMemory& memory) const {
  if (memory.inputs.size() != sources.size() || memory.outputs.size() != 1)
    preprocess::Refuse("other tensors");
  const std::vector<int64_t>& dims = memory.outputs[0].dims;
  const int channel_axis = is_channels_last ? 3 : 1;
  if (dims.size() != 4 || dims[0] != static_cast<int64_t>(sources.size()) || dims[channel_axis] != channels) {
    preprocess::Refuse("an output of another shape");
  }
  const int64_t width = dims[is_channels_last ? 2 : 3], height = dims[is_channels_last ? 1 : 2];
  if (width > (1 << 20) || height > (1 << 20)) preprocess::Refuse("an output that is too large");
  for (size_t i = 0; i < sources.size(); ++i) {
    preprocess::CheckImage(sources[i], memory.inputs[i], static_cast<int32_t>(width),
                           static_cast<int32_t>(height));
  }
}

std::vector<uint8_t> PreprocessPlan::MakeTable(const OperatorMemory& memory) const {
  std::vector<PreprocessImage> images;
  std::vector<uint8_t> table(sources.size() * sizeof(PreprocessImage));
  preprocess::AxisWriter axes(table);
  for (size_t i = 0; i < sources.size(); ++i) {
    PreprocessImage image = preprocess::DescribeImage(sources[i], memory.inputs[i].data);
    const auto columns = axes.Write(sources[i].columns), rows = axes.Write(sources[i].rows);
    image.columns = columns.offset;
    image.column_taps = columns.taps;
    image.rows = rows.offset;
    image.row_taps = rows.taps;
    images.push_back(image);
  }
  if (!images.empty()) std::memcpy(table.data(), images.data(), images.size() * sizeof(PreprocessImage));
  return table;
}

PreprocessArguments PreprocessPlan::MakeArguments(const OperatorMemory& memory, const void* table) const {
  const std::vector<int64_t>& dims = memory.outputs[0].dims;
  PreprocessArguments arguments{};
  arguments.table = reinterpret_cast<uint64_t>(table);
  arguments.output = reinterpret_cast<uint64_t>(memory.outputs[0].data);
  arguments.images = static_cast<int64_t>(sources.size());
  arguments.width = static_cast<int32_t>(dims[is_channels_last ? 2 : 3]);
  arguments.height = static_cast<int32_t>(dims[is_channels_last ? 1 : 2]);
  arguments.channels = channels;
  arguments.is_channels_last = is_channels_last ? 1 : 0;
  arguments.is_blue_first = is_blue_first ? 1 : 0;
  arguments.clamps_rows = clamps_rows ? 1 : 0;
  std::copy_n(multiply, 3, arguments.multiply);
  std::copy_n(add, 3, arguments.add);
  std::copy_n(fill, 3, arguments.fill);
  return arguments;
}

}  // namespace trtn::ops
