// SPDX-License-Identifier: Apache-2.0
// nvJPEG over the stand-ins of test/standin/nvjpeg.
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "cuda/device_memory.h"
#include "cuda/pinned_memory.h"
#include "cuda/stream.h"
#include "nvjpeg/decoder.h"
#include "test/support/error_details.h"
#include "test/support/standin_driver.h"

namespace trtn::nvjpeg {
namespace {

using Bytes = std::vector<uint8_t>;

std::string Standin(const std::string& folder, const std::string& name) {
  return std::string(TRTN_TEST_STANDIN_DIR) + "/" + folder + "/" + name;
}
const std::string kStandin = Standin("nvjpeg-13", "libnvjpeg.so.13");

void Append(Bytes& file, std::initializer_list<int> bytes) {
  for (const int byte : bytes) file.push_back(static_cast<uint8_t>(byte));
}

/// The markers of a JPEG around pixels that are none.
Bytes MakeJpeg(int width, int height, int components = 3) {
  Bytes file;
  Append(file, {0xff, 0xd8, 0xff, 0xe0, 0, 4, 'J', 'F'});
  Append(file, {0xff, 0xc0, 0, 8 + 3 * components, 8, height >> 8, height & 255, width >> 8, width & 255,
                components});
  for (int i = 0; i < components; i++) Append(file, {i + 1, 0x11, 0});
  Append(file, {0xff, 0xda, 0, 3, 0, 17, 0xff, 0, 42, 0xff, 0xd0, 7, 0xff, 0xff, 0xd9});
  return file;
}

JpegFile FileOf(const Bytes& file, uint64_t max_pixels = 1000000) {
  return JpegFile(file.data(), file.size(), max_pixels);
}

/// What the stand-in makes of a file.
Bytes ExpectedPixels(const Bytes& file, int width, int height) {
  unsigned sum = 0;
  for (const uint8_t byte : file) sum += byte;
  Bytes pixels;
  for (int y = 0; y < height; y++) {
    for (int x = 0; x < width; x++) {
      for (int c = 0; c < 3; c++)
        pixels.push_back(static_cast<uint8_t>(static_cast<unsigned>(3 * x + 5 * y + 7 * c) + sum));
    }
  }
  return pixels;
}

class Nvjpeg : public cuda::StandinDeviceTest {
 protected:
  void TearDown() override {
    decoders_.Close();
    StandinDeviceTest::TearDown();
  }
  std::shared_ptr<Decoder> Open(const std::vector<std::string>& libraries = {kStandin}) {
    return decoders_.Of(libraries, device_);
  }
  Bytes Download(const DecodedImage& image) {
    cuda::PinnedAllocator allocator(device_);
    void* block = allocator.Allocate(image.bytes());
    cuda::Stream stream(device_);
    stream.CopyToHost(block, cuda::AddressOf(image.memory.get()), image.bytes());
    stream.Synchronize();
    const auto* first = static_cast<const uint8_t*>(block);
    const Bytes pixels(first, first + image.bytes());
    allocator.Free(block);
    return pixels;
  }
  /// The error of a file, and that nothing is left of its decode.
  Error FailureOf(const Bytes& file, uint64_t max_pixels = 1000000) {
    return ErrorOf([&] { Open()->Decode(FileOf(file, max_pixels)); });
  }

  Decoders decoders_;
};

TEST_F(Nvjpeg, DecodesIntoDeviceMemory) {
  for (const auto& [width, height] : {std::pair{1, 1}, {7, 5}, {640, 3}}) {
    const Bytes file = MakeJpeg(width, height, width == 7 ? 1 : 3);
    const DecodedImage image = Open()->Decode(FileOf(file));
    EXPECT_EQ(image.width, width);
    EXPECT_EQ(image.height, height);
    EXPECT_EQ(Download(image), ExpectedPixels(file, width, height));
  }
  // One start and one state for all three.
  EXPECT_EQ(cuda::StandinCalls("nvjpegCreateSimple"), 1);
  EXPECT_EQ(cuda::StandinCalls("nvjpegJpegStateCreate"), 1);
  EXPECT_EQ(Open()->library().version(), "13.4.1");
}

TEST_F(Nvjpeg, RefusesBadFilesBeforeTheLibrarySeesThem) {
  const Bytes good = MakeJpeg(8, 8);
  Bytes no_pixels(good.begin(), good.begin() + 27);
  Append(no_pixels, {0xff, 0xd9});
  Bytes no_frame(good.begin(), good.begin() + 8);
  no_frame.insert(no_frame.end(), good.begin() + 27, good.end());
  Bytes two_frames(good.begin(), good.begin() + 27);
  two_frames.insert(two_frames.end(), good.begin() + 8, good.end());
  Bytes bad_length = good;
  bad_length[5] = 1;
  Bytes deep = good;
  deep[12] = 12;
  Bytes no_marker = good;
  no_marker[5] = 5;
  const std::vector<std::pair<Bytes, std::string>> cases = {
      {{}, "it has no bytes"},
      {{0x89, 'P', 'N', 'G'}, "it does not begin as a JPEG file does"},
      {{0xff, 0xd8}, "it does not begin as a JPEG file does"},
      {no_pixels, "it has no pixels"},
      {no_frame, "it has no size before its pixels"},
      {two_frames, "it has two frames"},
      {bad_length, "a segment of it has the length 1"},
      {no_marker, "there is no marker at byte 9"},
      {deep, "its levels have 12 bits; 8 are decoded"},
      {MakeJpeg(8, 8, 4), "it has 4 components; 1 (grey) and 3 (colour) are decoded"},
      {MakeJpeg(0, 8), "its head says that it has 0 x 8 pixels"}};
  for (const auto& [file, reason] : cases) {
    const Error error = FailureOf(file);
    EXPECT_EQ(error.code(), "ERR_TRT_RUN_IMAGE_DECODE") << reason;
    EXPECT_EQ(Detail(error, "reason"), reason);
  }
  EXPECT_EQ(cuda::StandinCalls("nvjpegGetImageInfo"), 0);
}

TEST_F(Nvjpeg, RefusesAFileThatWasCutAtAnyByte) {
  const Bytes good = MakeJpeg(8, 8);
  for (size_t size = 3; size < good.size(); size++) {
    // A copy of this size, so that reading beyond it is found by the sanitizer.
    const Error error = FailureOf(Bytes(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size)));
    EXPECT_EQ(error.code(), "ERR_TRT_RUN_IMAGE_DECODE") << size;
    EXPECT_NE(Detail(error, "reason").find("it ends within its "), std::string::npos) << size;
  }
  EXPECT_EQ(cuda::StandinCalls("nvjpegDecode"), 0);
}

TEST_F(Nvjpeg, RefusesMorePixelsThanAllowed) {
  EXPECT_EQ(Open()->Decode(FileOf(MakeJpeg(10, 10), 100)).bytes(), 300u);
  const int decodes = cuda::StandinCalls("nvjpegDecode");
  const Error error = FailureOf(MakeJpeg(65535, 65535), 1000000);
  EXPECT_EQ(error.code(), "ERR_TRT_RUN_IMAGE_LIMIT");
  EXPECT_STREQ(error.what(), "The JPEG has 65535 x 65535 pixels, by its head; at most 1000000 are decoded.");
  EXPECT_EQ(Detail(error, "maxPixels"), "1000000");
  EXPECT_EQ(FailureOf(MakeJpeg(10, 10), 99).code(), "ERR_TRT_RUN_IMAGE_LIMIT");
  EXPECT_EQ(cuda::StandinCalls("nvjpegDecode"), decodes);
}

TEST_F(Nvjpeg, NamesTheStatusOfAFileThatItCannotDecode) {
  for (const auto& [entry, status, name] : {std::tuple{"nvjpegGetImageInfo", 3, "NVJPEG_STATUS_BAD_JPEG"},
                                            {"nvjpegDecode", 3, "NVJPEG_STATUS_BAD_JPEG"},
                                            {"nvjpegDecode", 4, "NVJPEG_STATUS_JPEG_NOT_SUPPORTED"},
                                            {"nvjpegDecode", 9, "NVJPEG_STATUS_IMPLEMENTATION_NOT_SUPPORTED"},
                                            {"nvjpegDecode", 10, "NVJPEG_STATUS_INCOMPLETE_BITSTREAM"}}) {
    cuda::StandinControl(std::string("fault ") + entry + " 1 " + std::to_string(status));
    const Error error = FailureOf(MakeJpeg(8, 8));
    EXPECT_EQ(error.code(), "ERR_TRT_RUN_IMAGE_DECODE");
    EXPECT_EQ(error.where(), entry);
    EXPECT_EQ(Detail(error, "status"), name);
  }
  // The next one gets a fresh state.
  EXPECT_EQ(Open()->Decode(FileOf(MakeJpeg(8, 8))).bytes(), 192u);
}

TEST_F(Nvjpeg, TellsWhatIsNotTheFilesFault) {
  for (const auto& [entry, status, code] : {std::tuple{"nvjpegDecode", 5, "ERR_TRT_CUDA_OUT_OF_MEMORY"},
                                            {"nvjpegJpegStateCreate", 5, "ERR_TRT_CUDA_OUT_OF_MEMORY"},
                                            {"nvjpegCreateSimple", 5, "ERR_TRT_CUDA_OUT_OF_MEMORY"},
                                            {"nvjpegDecode", 6, "ERR_TRT_CUDA_CALL"},
                                            {"nvjpegDecode", 8, "ERR_TRT_CUDA_CALL"},
                                            {"nvjpegDecode", 77, "ERR_TRT_CUDA_CALL"},
                                            {"cuStreamCreateWithPriority", 1, "ERR_TRT_CUDA_CALL"}}) {
    decoders_.Close();
    cuda::StandinControl(std::string("fault ") + entry + " 1 " + std::to_string(status));
    EXPECT_EQ(FailureOf(MakeJpeg(8, 8)).code(), code) << entry << " " << status;
  }
}

TEST_F(Nvjpeg, TellsThatThePixelsHaveNoRoom) {
  cuda::StandinControl("configure memory-bytes=100000");
  const Error error = FailureOf(MakeJpeg(1000, 1000));
  EXPECT_EQ(error.code(), "ERR_TRT_CUDA_OUT_OF_MEMORY");
  EXPECT_EQ(Detail(error, "needed"), "3000000");
  EXPECT_EQ(cuda::StandinCalls("nvjpegDecode"), 0);
}

TEST_F(Nvjpeg, TakesTheFirstLibraryThatWorks) {
  const std::string none = "/nowhere/libnvjpeg.so.13";
  const std::string other = Standin("not-nvjpeg", "libnvjpeg.so.13");
  const std::string old = Standin("nvjpeg-11", "libnvjpeg.so.11");
  const std::string twelve = Standin("nvjpeg-12", "libnvjpeg.so.12");
  EXPECT_EQ(Open({none, other, old, twelve})->library().version(), "12.4.1");
  // One whose driver is too old for it is passed over as well.
  cuda::StandinControl("fault nvjpegCreateSimple 1 1");
  EXPECT_EQ(Open({kStandin, twelve})->library().version(), "12.4.1");

  const Error error = ErrorOf([&] { Open({none, other, old}); });
  EXPECT_EQ(error.code(), "ERR_TRT_LOAD_NVJPEG_NOT_FOUND");
  const std::vector<std::string> tried = test::Detail(error, "tried");
  ASSERT_EQ(tried.size(), 3u);
  EXPECT_EQ(tried[0].find(none + ": "), 0u);
  EXPECT_EQ(tried[1], other + ": it is no nvJPEG library: it lacks nvjpegGetProperty");
  EXPECT_EQ(tried[2], old + ": it is nvJPEG 11.4.1; versions 12 and 13 are used");
  EXPECT_NE(ErrorOf([&] { Open({}); }).code().find("NVJPEG_NOT_FOUND"), std::string::npos);
}

TEST_F(Nvjpeg, DecodesOnManyThreadsAtOnce) {
  const std::shared_ptr<Decoder> decoder = Open();
  std::vector<std::thread> threads;
  for (int i = 1; i <= 8; i++) {
    threads.emplace_back([&, i] {
      const Bytes file = MakeJpeg(i * 3, 17 + i);
      for (int k = 0; k < 5; k++) {
        const DecodedImage image = decoder->Decode(FileOf(file));
        const cuda::ScopedDevice scope(*device_);
        EXPECT_EQ(Download(image), ExpectedPixels(file, i * 3, 17 + i));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(cuda::StandinCalls("nvjpegJpegStateCreate"), 8);
}

TEST_F(Nvjpeg, GivesUpADeviceThatIsLost) {
  Open()->Decode(FileOf(MakeJpeg(4, 4)));
  cuda::StandinControl("fault op:kernel 1 700");
  EXPECT_EQ(FailureOf(MakeJpeg(8, 8)).code(), "ERR_TRT_CUDA_DEVICE_LOST");
  EXPECT_EQ(FailureOf(MakeJpeg(8, 8)).code(), "ERR_TRT_CUDA_POISONED");
  decoders_.DropLost();
  // Nobody else holds it: the next one is fresh.
  scope_.reset();
  device_.reset();
  device_ = OpenDevice();
  scope_ = std::make_unique<cuda::ScopedDevice>(*device_);
  const Bytes file = MakeJpeg(4, 4);
  EXPECT_EQ(Download(Open()->Decode(FileOf(file))), ExpectedPixels(file, 4, 4));
}

}  // namespace
}  // namespace trtn::nvjpeg
