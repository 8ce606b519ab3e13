// SPDX-License-Identifier: Apache-2.0
//
// preprocessImages: the CPU twin gives the bits of the kernel for every format, filter, type and layout, at
// odd sizes, at the edges of images, in batches; and neither reads outside of an image.
#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "core/error.h"
#include "ops/image/preprocess_plan.h"
#include "ops/image/resample.h"
#include "ops/operator.h"
#include "test/support/emulate.h"

namespace trtn::ops {
namespace {

using test::ExpectTwinEqualsKernels;
using test::HostTensor;

/// An image of random bytes, shown whole at a place of the output.
struct TestImage {
  PixelFormat format = PixelFormat::kRgb;
  int width = 1, height = 1;
  // left, top, width, height
  std::vector<double> crop, place;
  int padding = 0;
  int matrix = 0;
  bool is_full_range = false;
};

struct TestSettings {
  int width = 1, height = 1;
  std::string filter = "bilinear", coordinates = "half-pixel", channels = "rgb";
  bool antialias = false, channels_last = false;
  ElementType type = ElementType::kFloat32;
};

double RowBytes(const TestImage& image) {
  switch (image.format) {
    case PixelFormat::kRgb:
    case PixelFormat::kBgr:
      return image.width * 3;
    case PixelFormat::kRgba:
    case PixelFormat::kBgra:
      return image.width * 4;
    case PixelFormat::kYuyv:
      return image.width * 2;
    default:
      return image.width;
  }
}

std::vector<double> Describe(const TestImage& image, const TestSettings& settings) {
  const std::vector<double> whole{0, 0, static_cast<double>(image.width), static_cast<double>(image.height)};
  const std::vector<double> all{0, 0, static_cast<double>(settings.width),
                                static_cast<double>(settings.height)};
  const std::vector<double>& crop = image.crop.empty() ? whole : image.crop;
  const std::vector<double>& place = image.place.empty() ? all : image.place;
  const double chroma = image.format == PixelFormat::kI420 ? image.width / 2 : image.width;
  return {static_cast<double>(image.format),
          whole[2],
          whole[3],
          RowBytes(image) + image.padding,
          chroma + image.padding,
          static_cast<double>(image.matrix),
          image.is_full_range ? 1.0 : 0.0,
          std::floor(crop[0]),
          std::floor(crop[1]),
          std::ceil(crop[0] + crop[2]),
          std::ceil(crop[1] + crop[3]),
          crop[0],
          crop[1],
          crop[2],
          crop[3],
          place[0],
          place[1],
          place[2],
          place[3]};
}

std::unique_ptr<Operator> Make(const std::vector<TestImage>& images, const TestSettings& settings) {
  std::vector<double> numbers;
  for (const TestImage& image : images) {
    const std::vector<double> one = Describe(image, settings);
    numbers.insert(numbers.end(), one.begin(), one.end());
  }
  return MakeOperator("preprocessImages",
                      Attributes({{"images", numbers},
                                  {"filter", settings.filter},
                                  {"coordinates", settings.coordinates},
                                  {"antialias", settings.antialias},
                                  {"channels", settings.channels},
                                  {"channelsLast", settings.channels_last},
                                  {"clampsRows", settings.type == ElementType::kUInt8},
                                  {"multiply", std::vector<double>{1 / 58.395, 1 / 57.12, 1 / 57.375}},
                                  {"add", std::vector<double>{-2.1179, -2.0357, -1.8044}},
                                  {"fill", std::vector<double>{0.25, 0.5, 114}}}));
}

int64_t BytesOf(const TestImage& image, const TestSettings& settings) {
  const std::vector<double> fields = Describe(image, settings);
  PreprocessSource source{};
  source.format = image.format;
  source.width = image.width;
  source.height = image.height;
  source.stride = static_cast<int64_t>(fields[3]);
  source.chroma_stride = static_cast<int64_t>(fields[4]);
  return ImageBytes(source);
}

std::vector<HostTensor> RandomPixels(const std::vector<TestImage>& images, const TestSettings& settings) {
  std::mt19937 random(7);
  std::vector<HostTensor> tensors;
  for (const TestImage& image : images) {
    std::vector<uint8_t> bytes(static_cast<size_t>(BytesOf(image, settings)));
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
    // At any address: pixels are bytes.
    tensors.emplace_back(ElementType::kUInt8, std::vector<int64_t>{static_cast<int64_t>(bytes.size())}, bytes,
                         tensors.size() * 3);
  }
  return tensors;
}

std::vector<int64_t> OutputDims(size_t images, const TestSettings& settings) {
  const int64_t channels = settings.channels == "gray" ? 1 : 3;
  const auto count = static_cast<int64_t>(images);
  if (settings.channels_last) return {count, settings.height, settings.width, channels};
  return {count, channels, settings.height, settings.width};
}

void ExpectSame(const std::vector<TestImage>& images, const TestSettings& settings) {
  const std::unique_ptr<Operator> op = Make(images, settings);
  const std::vector<HostTensor> pixels = RandomPixels(images, settings);
  const HostTensor output(settings.type, OutputDims(images.size(), settings));
  std::vector<TensorView> inputs;
  for (const HostTensor& tensor : pixels) inputs.push_back(tensor.view());
  ExpectTwinEqualsKernels(*op, inputs, {output.view()});
}

TestImage Picture(PixelFormat format, int width, int height) {
  TestImage image;
  image.format = format;
  image.width = width;
  image.height = height;
  return image;
}

const std::vector<PixelFormat> kFormats = {PixelFormat::kRgb,  PixelFormat::kBgr,  PixelFormat::kRgba,
                                           PixelFormat::kBgra, PixelFormat::kGray, PixelFormat::kNv12,
                                           PixelFormat::kI420, PixelFormat::kYuyv};

TEST(PreprocessImages, TwinEqualsKernelForEveryFormatAndFilter) {
  for (const PixelFormat format : kFormats) {
    for (const char* filter : {"nearest", "bilinear", "bicubic", "area"}) {
      for (const bool antialias : {false, true}) {
        SCOPED_TRACE(std::string(filter) + " format " + std::to_string(static_cast<int>(format)));
        TestSettings settings;
        settings.width = 13;
        settings.height = 9;
        settings.filter = filter;
        settings.antialias = antialias;
        settings.type = antialias ? ElementType::kUInt8 : ElementType::kFloat32;
        TestImage image = Picture(format, 22, 18);
        image.padding = 5;
        image.matrix = antialias ? 1 : 0;
        image.is_full_range = antialias;
        ExpectSame({image}, settings);
      }
    }
  }
}

TEST(PreprocessImages, TwinEqualsKernelForOddSizes) {
  const std::vector<std::vector<int>> sizes = {{1, 1, 1, 1},     {1, 1, 7, 5},    {1, 9, 4, 3},
                                               {9, 1, 3, 4},     {2, 2, 67, 5},   {37, 29, 1, 1},
                                               {37, 29, 37, 29}, {41, 3, 130, 2}, {5, 63, 3, 64}};
  for (const auto& size : sizes) {
    for (const char* coordinates : {"half-pixel", "align-corners", "asymmetric"}) {
      for (const char* filter : {"nearest", "bilinear", "bicubic"}) {
        for (const bool antialias : {false, true}) {
          SCOPED_TRACE(std::string(filter) + " " + coordinates + " " + std::to_string(size[0]) + "x" +
                       std::to_string(size[1]));
          TestSettings settings;
          settings.width = size[2];
          settings.height = size[3];
          settings.filter = filter;
          settings.coordinates = coordinates;
          settings.antialias = antialias;
          ExpectSame({Picture(PixelFormat::kRgb, size[0], size[1])}, settings);
        }
      }
    }
  }
}

TEST(PreprocessImages, TwinEqualsKernelForEveryTypeLayoutAndOrder) {
  for (const ElementType type : {ElementType::kFloat32, ElementType::kFloat16, ElementType::kBFloat16,
                                 ElementType::kUInt8, ElementType::kInt8}) {
    for (const char* channels : {"rgb", "bgr", "gray"}) {
      for (const bool channels_last : {false, true}) {
        for (const PixelFormat format : {PixelFormat::kBgr, PixelFormat::kGray, PixelFormat::kRgba}) {
          SCOPED_TRACE(std::string(ElementTypeName(type)) + " " + channels);
          TestSettings settings;
          settings.width = 19;
          settings.height = 11;
          settings.type = type;
          settings.channels = channels;
          settings.channels_last = channels_last;
          settings.antialias = channels_last;
          TestImage image = Picture(format, 31, 17);
          image.place = {3, 2, 15, 8};
          ExpectSame({image}, settings);
        }
      }
    }
  }
}

TEST(PreprocessImages, TwinEqualsKernelForABatchOfDifferentImages) {
  TestSettings settings;
  settings.width = 70;
  settings.height = 10;
  std::vector<TestImage> images;
  for (const PixelFormat format : kFormats) {
    const int index = static_cast<int>(images.size());
    TestImage image = Picture(format, 10 + 2 * index, 24 - 2 * index);
    image.crop = {0.25 * index, 1, 8.5, 6.25};
    image.place = {static_cast<double>(index), 1, 60.0 - index, 8};
    images.push_back(image);
  }
  // The same picture twice: its weights stand once.
  images.push_back(images.front());
  for (const char* filter : {"nearest", "bilinear", "bicubic", "area"}) {
    settings.filter = filter;
    ExpectSame(images, settings);
  }
}

// More rows than the cache holds: they are computed again.
TEST(PreprocessImages, TwinEqualsKernelForAFilterOverManyRows) {
  TestSettings settings;
  settings.width = 9001;
  settings.height = 1;
  settings.antialias = true;
  ExpectSame({Picture(PixelFormat::kRgb, 3, 200)}, settings);
}

TEST(PreprocessImages, EmptyBatchLaunchesNothing) {
  const TestSettings settings;
  const std::unique_ptr<Operator> op = Make({}, settings);
  OperatorMemory memory;
  const HostTensor output(ElementType::kFloat32, {0, 3, 1, 1});
  memory.outputs = {output.view()};
  EXPECT_TRUE(op->Launches(memory).empty());
  InlineWorkers workers;
  op->RunOnCpu(memory, workers);
}

TEST(PreprocessImages, WeightsOfAStepOfThreeAreOnePixel) {
  ResampleRequest request{};
  request.filter = ResampleFilter::kBilinear;
  request.length = 1920;
  request.high = 1920;
  request.outputs = 640;
  const ResampleAxis axis = MakeResampleAxis(request);
  EXPECT_EQ(axis.taps, 1);
  EXPECT_EQ(axis.first[5], 16);
  EXPECT_EQ(axis.weights[5], 1.0f);
}

// Filters that are one pixel for some outputs and four for others: what a row needs of the source is from the
// first output's first pixel on, and what is near the row's end is at the end of the outputs.
TEST(PreprocessImages, FirstPixelsOfOutputsNeverGoBack) {
  for (const ResampleFilter filter : {ResampleFilter::kNearest, ResampleFilter::kBilinear,
                                      ResampleFilter::kBicubic, ResampleFilter::kArea}) {
    for (const ResampleCoordinates coordinates :
         {ResampleCoordinates::kHalfPixel, ResampleCoordinates::kAlignCorners,
          ResampleCoordinates::kAsymmetric}) {
      for (const bool antialias : {false, true}) {
        for (const int length : {1, 2, 3, 5, 8, 9, 31}) {
          for (const int outputs : {1, 2, 3, 7, 9, 15, 16, 27, 93}) {
            const ResampleRequest request{filter, coordinates, antialias, 0, static_cast<double>(length),
                                          0,      length,      outputs};
            const ResampleAxis axis = MakeResampleAxis(request);
            for (int i = 1; i < outputs; i++)
              ASSERT_LE(axis.first[i - 1], axis.first[i]) << length << " " << i;
            ASSERT_GE(axis.first.front(), 0);
            ASSERT_LE(axis.first.back() + axis.taps, length);
          }
        }
      }
    }
  }
}

// The address sanitizer sees a read behind the last pixel; the kernel reads single bytes and the twin four at
// once.
TEST(PreprocessImages, ReadsNothingBehindAnEnlargedImage) {
  for (const PixelFormat format : kFormats) {
    for (const int times : {2, 3, 5}) {
      for (const char* coordinates : {"half-pixel", "align-corners", "asymmetric"}) {
        TestSettings settings;
        settings.width = 8 * times;
        settings.height = 2 * times;
        settings.filter = "bicubic";
        settings.coordinates = coordinates;
        ExpectSame({Picture(format, 8, 2)}, settings);
      }
    }
  }
}

// 16,384 by 16,384 pixels and more: offsets need more than 31 bits. Only the addresses, no memory of that
// size.
TEST(PreprocessImages, OffsetsOfHugeImagesDoNotOverflow) {
  PreprocessSource source{};
  source.format = PixelFormat::kRgba;
  source.width = source.height = 65536;
  source.stride = 65536LL * 4;
  EXPECT_EQ(ImageBytes(source), 65536LL * 65536 * 4);
  source.format = PixelFormat::kI420;
  source.stride = 65536;
  source.chroma_stride = 32768;
  EXPECT_EQ(ImageBytes(source), 65536LL * 65536 / 2 * 3);
}

TEST(PreprocessImages, RefusesWhatWouldReadOrWriteOutside) {
  struct Case {
    const char* what;
    TestImage image;
    std::vector<int64_t> dims;
    int64_t missing_bytes;
  };
  TestImage odd = Picture(PixelFormat::kNv12, 5, 4), outside = Picture(PixelFormat::kRgb, 4, 4),
            beyond = outside;
  TestImage thin = outside;
  outside.crop = {2, 0, 3, 4};
  beyond.place = {1, 0, 8, 6};
  thin.padding = -1;
  const std::vector<int64_t> dims{1, 3, 6, 8};
  const std::vector<Case> cases = {{"odd size", odd, dims, 0},
                                   {"crop outside", outside, dims, 0},
                                   {"place outside", beyond, dims, 0},
                                   {"short stride", thin, dims, 0},
                                   {"one byte missing", Picture(PixelFormat::kRgb, 4, 4), dims, 1},
                                   {"other output", Picture(PixelFormat::kRgb, 4, 4), {1, 1, 6, 8}, 0}};
  for (const Case& one : cases) {
    SCOPED_TRACE(one.what);
    TestSettings settings;
    settings.width = 8;
    settings.height = 6;
    const auto run = [&] {
      const std::unique_ptr<Operator> op = Make({one.image}, settings);
      OperatorMemory memory;
      const int64_t bytes = std::max<int64_t>(1, BytesOf(one.image, settings) - one.missing_bytes);
      const HostTensor pixels(ElementType::kUInt8, {bytes}), output(ElementType::kFloat32, one.dims);
      memory.inputs = {pixels.view()};
      memory.outputs = {output.view()};
      InlineWorkers workers;
      op->RunOnCpu(memory, workers);
    };
    EXPECT_THROW(run(), Error);
  }
}

}  // namespace
}  // namespace trtn::ops
