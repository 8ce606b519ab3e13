// SPDX-License-Identifier: Apache-2.0
#include "cuda/driver_probe.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

namespace trtn::cuda {
namespace {

const std::string kStandin = std::string(TRTN_TEST_STANDIN_DIR) + "/driver/libcuda.so.1";

class DriverProbe : public testing::Test {
 protected:
  void TearDown() override {
    for (const char* name : {"INIT", "VERSION", "DEVICES", "COUNT"}) unsetenv(Variable(name).c_str());
  }
  static std::string Variable(const std::string& name) { return "TRTN_STANDIN_CUDA_" + name; }
  static void Order(const std::string& name, int value) {
    setenv(Variable(name).c_str(), std::to_string(value).c_str(), 1);
  }
};

TEST_F(DriverProbe, ListsTheDevices) {
  Order("DEVICES", 2);
  const DriverReport report = ProbeDriver(kStandin);
  EXPECT_EQ(report.status, DriverStatus::kOk) << report.message;
  EXPECT_EQ(report.version, 13000);
  EXPECT_EQ(report.path, kStandin);
  ASSERT_EQ(report.devices.size(), 2u);
  EXPECT_EQ(report.devices[1].ordinal, 1);
  EXPECT_EQ(report.devices[1].name, "Stand-in GPU 1");
  EXPECT_EQ(report.devices[1].uuid, "GPU-01112131-4151-6171-8191-a1b1c1d1e1f1");
  EXPECT_EQ(report.devices[1].compute_capability, 90);
  EXPECT_EQ(report.devices[1].total_memory_bytes, uint64_t{80} << 30);
  EXPECT_TRUE(report.message.empty());
}

TEST_F(DriverProbe, ReportsAMissingDriver) {
  const DriverReport report = ProbeDriver("/nowhere/libcuda.so.1");
  EXPECT_EQ(report.status, DriverStatus::kNotFound);
  EXPECT_NE(report.message.find("/nowhere/libcuda.so.1"), std::string::npos);
}

TEST_F(DriverProbe, RefusesALibraryThatIsNoDriver) {
  const DriverReport report = ProbeDriver(std::string(TRTN_TEST_STANDIN_DIR) + "/not-a-driver/libcuda.so.1");
  EXPECT_EQ(report.status, DriverStatus::kError);
  EXPECT_NE(report.message.find("not a CUDA driver"), std::string::npos);
}

TEST_F(DriverProbe, ReportsADriverWithoutDevices) {
  EXPECT_EQ(ProbeDriver(kStandin).status, DriverStatus::kNoDevice);
  Order("INIT", 100);
  const DriverReport report = ProbeDriver(kStandin);
  EXPECT_EQ(report.status, DriverStatus::kNoDevice);
  EXPECT_EQ(report.code, 100);
  EXPECT_NE(report.message.find("CUDA_ERROR_NO_DEVICE"), std::string::npos);
}

TEST_F(DriverProbe, ReportsAnOldDriverWhateverItsInitSays) {
  Order("VERSION", 11040);
  Order("INIT", 999);
  const DriverReport report = ProbeDriver(kStandin);
  EXPECT_EQ(report.status, DriverStatus::kTooOld);
  EXPECT_NE(report.message.find("CUDA 11.4"), std::string::npos);
  Order("VERSION", 12040);
  Order("INIT", 0);
  Order("DEVICES", 1);
  EXPECT_EQ(ProbeDriver(kStandin).status, DriverStatus::kOk);
  EXPECT_EQ(ProbeDriver(kStandin, 13000).status, DriverStatus::kTooOld);
}

TEST_F(DriverProbe, MapsEachResultToItsStatus) {
  const struct {
    int result;
    DriverStatus status;
    const char* words;
  } cases[] = {{803, DriverStatus::kMismatch, "kernel module"},
               {804, DriverStatus::kMismatch, "compatibility"},
               {35, DriverStatus::kTooOld, "too old"},
               {34, DriverStatus::kError, "stub"},
               {999, DriverStatus::kError, "does not start"},
               {101, DriverStatus::kNoDevice, "VISIBLE_DEVICES"},
               {802, DriverStatus::kError, "fabric"}};
  for (const auto& expected : cases) {
    Order("INIT", expected.result);
    const DriverReport report = ProbeDriver(kStandin);
    EXPECT_EQ(report.status, expected.status) << expected.result;
    EXPECT_EQ(report.code, expected.result);
    EXPECT_NE(report.message.find(expected.words), std::string::npos) << report.message;
  }
}

TEST_F(DriverProbe, ReportsAFailureAfterInit) {
  Order("DEVICES", 1);
  Order("COUNT", 999);
  const DriverReport report = ProbeDriver(kStandin);
  EXPECT_EQ(report.status, DriverStatus::kError);
  EXPECT_NE(report.message.find("cuDeviceGetCount"), std::string::npos);
}

TEST(DriverStatus, HasACodeForEachFailure) {
  EXPECT_EQ(DriverErrorCode(DriverStatus::kOk), nullptr);
  EXPECT_STREQ(DriverErrorCode(DriverStatus::kNotFound), "ERR_TRT_CUDA_DRIVER_NOT_FOUND");
  EXPECT_STREQ(DriverErrorCode(DriverStatus::kTooOld), "ERR_TRT_CUDA_DRIVER_TOO_OLD");
  EXPECT_STREQ(DriverErrorCode(DriverStatus::kNoDevice), "ERR_TRT_CUDA_NO_DEVICE");
  EXPECT_STREQ(DriverErrorCode(DriverStatus::kMismatch), "ERR_TRT_CUDA_DRIVER_MISMATCH");
  EXPECT_STREQ(DriverErrorCode(DriverStatus::kError), "ERR_TRT_CUDA_INIT");
  EXPECT_STREQ(DriverStatusName(DriverStatus::kMismatch), "mismatch");
}

}  // namespace
}  // namespace trtn::cuda
