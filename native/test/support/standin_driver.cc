// SPDX-License-Identifier: Apache-2.0
#include "test/support/standin_driver.h"

#include <dlfcn.h>

#include <cstdlib>
#include <stdexcept>
#include <thread>

#include "test/support/error_details.h"

namespace trtn::cuda {
namespace {

template <class F>
F* Entry(const char* name) {
  static void* library = dlopen(StandinDriverPath().c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) throw std::runtime_error("cannot open " + StandinDriverPath());
  void* symbol = dlsym(library, name);
  if (symbol == nullptr) throw std::runtime_error(std::string("the stand-in driver lacks ") + name);
  return reinterpret_cast<F*>(symbol);
}

/// The number behind "key": in JSON, -1 if the key is not there.
int NumberOf(const std::string& json, const std::string& key) {
  const std::string quoted = "\"" + key + "\"";
  const size_t at = json.find(quoted);
  if (at == std::string::npos) return -1;
  return std::atoi(json.c_str() + at + quoted.size() + 1);
}

}  // namespace

std::string StandinDriverPath() { return std::string(TRTN_TEST_STANDIN_DIR) + "/driver/libcuda.so.1"; }

std::string StandinControl(const std::string& request) {
  char* answer = Entry<char*(const char*)>("trtn_standin_control")(request.c_str());
  if (answer == nullptr) return "";
  const std::string text = answer;
  std::free(answer);
  EXPECT_EQ(text.find("\"error\""), std::string::npos) << request << ": " << text;
  return text;
}

int StandinCalls(const std::string& entry) {
  const int calls = NumberOf(StandinControl("calls"), entry);
  return calls < 0 ? 0 : calls;
}

int StandinTotalCalls() { return NumberOf(StandinControl("calls"), "total"); }

Result StandinLaunch(StreamHandle stream, std::function<void()> run, double duration_us) {
  using LaunchFn = int(void*, const char*, double, void (*)(void*), void*, void (*)(void*));
  return Entry<LaunchFn>("trtn_standin_launch")(
      stream, "test", duration_us, [](void* work) { (*static_cast<std::function<void()>*>(work))(); },
      new std::function<void()>(std::move(run)),
      [](void* work) { delete static_cast<std::function<void()>*>(work); });
}

void StandinTest::SetUp() {
  setenv("TRTN_STANDIN_CUDA_DEVICES", "2", 1);
  StandinControl("reset");
  StandinControl("violations");
}

void StandinTest::TearDown() {
  EXPECT_EQ(StandinControl("violations"), "[]");
  const std::string live = StandinControl("live");
  EXPECT_EQ(live.find_first_of("123456789"), std::string::npos) << live;
  StandinControl("reset");
  unsetenv("TRTN_STANDIN_CUDA_DEVICES");
}

std::shared_ptr<Device> StandinTest::OpenDevice(int ordinal) {
  return Device::Open(Driver::Open(StandinDriverPath()), ordinal);
}

Error StandinTest::ErrorOf(const std::function<void()>& run) {
  try {
    run();
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "nothing was thrown";
  return Error("", "");
}

std::string StandinTest::Detail(const Error& error, const std::string& name) {
  const std::vector<std::string> values = test::Detail(error, name);
  return values.empty() ? "" : values.front();
}

void StandinDeviceTest::SetUp() {
  StandinTest::SetUp();
  device_ = OpenDevice();
  scope_ = std::make_unique<ScopedDevice>(*device_);
  api_ = &device_->api();
}

void StandinDeviceTest::TearDown() {
  scope_.reset();
  device_.reset();
  StandinTest::TearDown();
}

void StandinDeviceTest::Block(StreamHandle stream) {
  StandinLaunch(stream, [this] {
    while (!is_open_) std::this_thread::yield();
  });
}

}  // namespace trtn::cuda
