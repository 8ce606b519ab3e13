// SPDX-License-Identifier: Apache-2.0
#include "cuda/kernel_library.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <numeric>
#include <thread>

#include "cuda/device_memory.h"
#include "cuda/graph.h"
#include "cuda/kernel_pack.h"
#include "cuda/lz4_block.h"
#include "cuda/pinned_memory.h"
#include "ops/launch.h"
#include "ops/tensors/copy_rows.h"
#include "test/support/standin_driver.h"

namespace trtn::cuda {
namespace {

constexpr const char* kKernel = "copy_rows_w4";
constexpr uint32_t kWords = 3000;

class KernelLibraryTest : public StandinDeviceTest {
 protected:
  void SetUp() override {
    StandinDeviceTest::SetUp();
    stream_ = std::make_unique<Stream>(device_);
    allocator_ = std::make_unique<PinnedAllocator>(device_);
    host_ = static_cast<uint32_t*>(allocator_->Allocate(kWords * sizeof(uint32_t)));
    from_ = DeviceMemory(device_, kWords * sizeof(uint32_t), stream_->get(), "a test");
    to_ = DeviceMemory(device_, kWords * sizeof(uint32_t), stream_->get(), "a test");
    std::iota(host_, host_ + kWords, 1u);
    stream_->CopyToDevice(from_.get(), host_, kWords * sizeof(uint32_t));
    stream_->Fill(to_.get(), 0, kWords * sizeof(uint32_t));
    stream_->Synchronize();
    StandinControl("reset");
  }
  void TearDown() override {
    unsetenv("TRTN_STANDIN_CUDA_VERSION");
    stream_->SynchronizeNoThrow();
    allocator_->Free(host_);
    allocator_.reset();
    from_.Release();
    to_.Release();
    stream_.reset();
    StandinDeviceTest::TearDown();
  }
  void Launch(KernelLibrary& library, const std::string& name = kKernel, LaunchExtent block = {256}) {
    const ops::CopyRowsArguments arguments{reinterpret_cast<const void*>(from_.get()),
                                           reinterpret_cast<void*>(to_.get()),
                                           1,
                                           kWords,
                                           kWords,
                                           kWords};
    const auto* bytes = reinterpret_cast<const uint8_t*>(&arguments);
    library.Launch(name, {ops::BlocksFor(kWords, 1024)}, block, {bytes, bytes + sizeof arguments},
                   stream_->get());
  }
  /// The words that arrived, in order.
  uint32_t Copied() {
    std::memset(host_, 0, kWords * sizeof(uint32_t));
    stream_->CopyToHost(host_, to_.get(), kWords * sizeof(uint32_t));
    stream_->Synchronize();
    uint32_t count = 0;
    while (count < kWords && host_[count] == count + 1) count++;
    return count;
  }

  std::unique_ptr<Stream> stream_;
  std::unique_ptr<PinnedAllocator> allocator_;
  DeviceMemory from_, to_;
  uint32_t* host_ = nullptr;
};

TEST_F(KernelLibraryTest, RunsAKernelOfTheEmbeddedMachineCode) {
  const auto library = KernelLibrary::Open(device_);
  Launch(*library);
  EXPECT_EQ(Copied(), kWords);
  EXPECT_EQ(library->image(), "cubin");
  Launch(*library);
  stream_->Synchronize();
  EXPECT_EQ(StandinCalls("cuModuleLoadDataEx"), 1);
  EXPECT_EQ(StandinCalls("cuModuleGetFunction"), 1);
  EXPECT_EQ(StandinCalls("cuLaunchKernel"), 2);
}

TEST_F(KernelLibraryTest, GivesPtxToADriverThatTheMachineCodeIsTooNewFor) {
  StandinControl("fault cuModuleLoadDataEx 1 209");
  const auto library = KernelLibrary::Open(device_);
  Launch(*library);
  EXPECT_EQ(Copied(), kWords);
  EXPECT_EQ(library->image(), "ptx");
  // The next file's kernels are not tried as machine code again.
  library->Prepare("pad_w4");
  EXPECT_EQ(StandinCalls("cuModuleLoadDataEx"), 3);
}

TEST_F(KernelLibraryTest, IsOnePerDeviceAndUnloadsWithItsLastOwner) {
  auto first = KernelLibrary::Open(device_);
  EXPECT_EQ(KernelLibrary::Open(device_), first);
  first->Prepare(kKernel);
  EXPECT_EQ(StandinCalls("cuModuleUnload"), 0);
  first.reset();
  EXPECT_EQ(StandinCalls("cuModuleUnload"), 1);
  const auto second = KernelLibrary::Open(device_);
  Launch(*second);
  EXPECT_EQ(Copied(), kWords);
}

TEST_F(KernelLibraryTest, IsUsedByThreadsAtOnce) {
  const auto library = KernelLibrary::Open(device_);
  const auto prepare = [&] {
    const ScopedDevice scope(*device_);
    for (const char* name : {"copy_rows_w1", "pad_w1", "copy_rows_w4"}) library->Prepare(name);
  };
  std::thread first(prepare), second(prepare);
  first.join();
  second.join();
  EXPECT_EQ(StandinCalls("cuModuleLoadDataEx"), 2);
}

TEST_F(KernelLibraryTest, IsCapturedInAGraph) {
  const auto library = KernelLibrary::Open(device_);
  library->Prepare(kKernel);
  GraphExec graph;
  {
    GraphCapture capture(*stream_);
    Launch(*library);
    graph = capture.Finish();
  }
  EXPECT_EQ(Copied(), 0u);
  graph.Launch(*stream_);
  EXPECT_EQ(Copied(), kWords);
}

TEST_F(KernelLibraryTest, HasEveryKernelThatItsImagesName) {
  const auto library = KernelLibrary::Open(device_);
  size_t count = 0;
  for (const KernelImage& image : EmbeddedPtx()) {
    for (const std::string& name : image.kernels) {
      EXPECT_NO_THROW(library->Prepare(name)) << name;
      count++;
    }
  }
  EXPECT_GT(count, 0u);
}

TEST_F(KernelLibraryTest, RefusesAnUnknownKernel) {
  const auto library = KernelLibrary::Open(device_);
  const Error error = ErrorOf([&] { Launch(*library, "copy_rows_w5"); });
  EXPECT_EQ(error.code(), "ERR_TRT_CUDA_CALL");
  EXPECT_NE(std::string(error.what()).find("copy_rows_w5"), std::string::npos);
}

TEST_F(KernelLibraryTest, TellsWhatTheDriversCompilerSays) {
  const std::string text = "no PTX at all";
  const KernelImages images{{{"tests/bad", {"bad_kernel"}, text.data(), text.size(), text.size()}}, {}};
  const auto library = KernelLibrary::Open(device_, images);
  EXPECT_EQ(library->image(), "ptx");
  const Error error = ErrorOf([&] { library->Prepare("bad_kernel"); });
  EXPECT_EQ(error.code(), "ERR_TRT_CUDA_CALL");
  EXPECT_EQ(error.where(), "cuModuleLoadDataEx");
  const std::string message = error.what();
  EXPECT_NE(message.find("tests/bad"), std::string::npos) << message;
  EXPECT_NE(message.find("missing .version directive"), std::string::npos) << message;
  EXPECT_EQ(Detail(error, "name"), "CUDA_ERROR_INVALID_PTX");
}

TEST_F(KernelLibraryTest, ThrowsWhenAModuleLacksItsFunction) {
  const std::string text = ".version 6.3\n.target sm_75\n.visible .entry trtn_other()\n";
  const KernelImages images{{{"tests/other", {"copy_rows_w4"}, text.data(), text.size(), text.size()}}, {}};
  const auto library = KernelLibrary::Open(device_, images);
  for (int i = 0; i < 2; i++) {
    const Error error = ErrorOf([&] { library->Prepare("copy_rows_w4"); });
    EXPECT_EQ(error.where(), "cuModuleGetFunction");
  }
}

TEST_F(KernelLibraryTest, ThrowsWhenALaunchIsRefused) {
  const auto library = KernelLibrary::Open(device_);
  const Error error = ErrorOf([&] { Launch(*library, kKernel, {2048}); });
  EXPECT_EQ(error.code(), "ERR_TRT_CUDA_CALL");
  EXPECT_NE(std::string(error.what()).find("2048x1x1"), std::string::npos) << error.what();
  StandinControl("fault cuLaunchKernel 1 701");
  EXPECT_EQ(ErrorOf([&] { Launch(*library); }).code(), "ERR_TRT_CUDA_CALL");
  Launch(*library);
  EXPECT_EQ(Copied(), kWords);
}

TEST_F(KernelLibraryTest, IsLostWithItsDevice) {
  auto library = KernelLibrary::Open(device_);
  Launch(*library);
  stream_->Synchronize();
  StandinControl("fault op:kernel 1 700");
  Launch(*library);
  EXPECT_EQ(ErrorOf([&] { stream_->Synchronize(); }).code(), "ERR_TRT_CUDA_DEVICE_LOST");
  EXPECT_EQ(ErrorOf([&] { Launch(*library); }).code(), "ERR_TRT_CUDA_POISONED");
  EXPECT_EQ(ErrorOf([&] { KernelLibrary::Open(device_); }).code(), "ERR_TRT_CUDA_POISONED");
}

std::string Pack(const std::string& data, uint32_t bytes, uint32_t stored) {
  std::string pack = "TRTNPACK";
  const auto number = [&](uint32_t value) { pack.append(reinterpret_cast<const char*>(&value), 4); };
  number(1);
  number(3);
  pack += "a/b";
  number(3);
  pack += "x\ny";
  number(bytes);
  number(stored);
  pack.resize((pack.size() + 15) / 16 * 16);
  return pack + data;
}

TEST(KernelPack, ReadsImages) {
  const std::string plain = Pack("four", 4, 4);
  const std::vector<KernelImage> images = ReadKernelPack(plain.data(), plain.size());
  ASSERT_EQ(images.size(), 1u);
  EXPECT_EQ(images[0].source, "a/b");
  EXPECT_EQ(images[0].kernels, (std::vector<std::string>{"x", "y"}));
  EXPECT_STREQ(images[0].Expand().data(), "four");
  // One literal, then a match of nine at distance 1, then five literals.
  const std::string block = {0x15, 'a', 1, 0, 0x50, 'b', 'c', 'd', 'e', 'f'};
  const std::string compressed = Pack(block, 15, static_cast<uint32_t>(block.size()));
  EXPECT_STREQ(ReadKernelPack(compressed.data(), compressed.size())[0].Expand().data(), "aaaaaaaaaabcdef");
}

TEST(KernelPack, RefusesDamage) {
  const std::string good = Pack("four", 4, 4);
  for (size_t size = 0; size < good.size(); size++) {
    EXPECT_THROW(ReadKernelPack(std::string(good, 0, size).data(), size), Error) << size;
  }
  const std::string other = "TRTNPACX" + good.substr(8);
  EXPECT_THROW(ReadKernelPack(other.data(), other.size()), Error);
  const std::string larger = Pack("fours", 4, 5);
  EXPECT_THROW(ReadKernelPack(larger.data(), larger.size()), Error);
  const std::string broken = Pack("\x1f", 4, 1);
  EXPECT_THROW(ReadKernelPack(broken.data(), broken.size())[0].Expand(), Error);
}

TEST(KernelPack, HasTheSameKernelsInBothForms) {
  ASSERT_EQ(EmbeddedPtx().size(), EmbeddedFatbins().size());
  for (size_t i = 0; i < EmbeddedPtx().size(); i++) {
    const KernelImage &ptx = EmbeddedPtx()[i], &fatbin = EmbeddedFatbins()[i];
    EXPECT_EQ(ptx.source, fatbin.source);
    EXPECT_EQ(ptx.kernels, fatbin.kernels);
    const std::string text = ptx.Expand().data();
    EXPECT_NE(text.find(".version 6.3"), std::string::npos) << ptx.source;
    for (const std::string& name : ptx.kernels) {
      EXPECT_NE(text.find(".entry trtn_" + name + "("), std::string::npos) << name;
    }
  }
}

// Every block that is one byte wrong, or cut: it may come out as other text, never outside of its memory.
TEST(Lz4, StaysInsideWhateverItGets) {
  const std::string block = {0x15, 'a', 1, 0, 0x50, 'b', 'c', 'd', 'e', 'f'};
  for (size_t size = 0; size < block.size(); size++) {
    const std::vector<char> cut(block.begin(), block.begin() + static_cast<std::ptrdiff_t>(size));
    std::vector<char> expanded(15);
    EXPECT_FALSE(ExpandLz4(cut.data(), cut.size(), expanded.data(), expanded.size())) << size;
  }
  int accepted = 0;
  for (size_t at = 0; at < block.size(); at++) {
    for (int value = 0; value < 256; value++) {
      std::vector<char> changed(block.begin(), block.end()), expanded(15);
      changed[at] = static_cast<char>(value);
      accepted += ExpandLz4(changed.data(), changed.size(), expanded.data(), expanded.size());
    }
  }
  // Literals may be anything.
  EXPECT_GE(accepted, 6 * 256);
  std::vector<char> shorter(14);
  EXPECT_FALSE(ExpandLz4(block.data(), block.size(), shorter.data(), shorter.size()));
}

}  // namespace
}  // namespace trtn::cuda
