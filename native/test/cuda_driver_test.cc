// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <string>
#include <vector>

#include "cuda/driver.h"
#include "test/support/standin_driver.h"

namespace trtn::cuda {
namespace {

class CudaDriver : public StandinTest {
 protected:
  static std::shared_ptr<const Driver> OpenDriver() { return Driver::Open(StandinDriverPath()); }
};

TEST_F(CudaDriver, IsOnePerLibraryUnderAllItsNames) {
  const std::string link = testing::TempDir() + "trtn-libcuda-" + std::to_string(getpid());
  ASSERT_EQ(symlink(StandinDriverPath().c_str(), link.c_str()), 0);
  const auto driver = OpenDriver();
  EXPECT_EQ(driver->version(), 13000);
  EXPECT_EQ(Driver::Open(link).get(), driver.get());
  EXPECT_EQ(OpenDriver().get(), driver.get());
  unlink(link.c_str());
}

TEST_F(CudaDriver, RefusesWithTheCodeOfTheProbe) {
  const Error missing = ErrorOf([] { Driver::Open("/nowhere/libcuda.so.1"); });
  EXPECT_EQ(missing.code(), "ERR_TRT_CUDA_DRIVER_NOT_FOUND");
  EXPECT_EQ(Detail(missing, "driver"), "/nowhere/libcuda.so.1");
  setenv("TRTN_STANDIN_CUDA_DEVICES", "0", 1);
  EXPECT_EQ(ErrorOf([] { OpenDriver(); }).code(), "ERR_TRT_CUDA_NO_DEVICE");
  setenv("TRTN_STANDIN_CUDA_DEVICES", "1", 1);
  setenv("TRTN_STANDIN_CUDA_INIT", "803", 1);
  const Error mismatch = ErrorOf([] { OpenDriver(); });
  unsetenv("TRTN_STANDIN_CUDA_INIT");
  EXPECT_EQ(mismatch.code(), "ERR_TRT_CUDA_DRIVER_MISMATCH");
  EXPECT_EQ(Detail(mismatch, "result"), "803");
  EXPECT_NO_THROW(OpenDriver());
}

TEST_F(CudaDriver, HasAllEntryPointsOfAWholeDriver) {
  const DriverApi& api = OpenDriver()->api();
  EXPECT_NE(api.cuMemAllocAsync, nullptr);
  EXPECT_NE(api.cuGraphUpload, nullptr);
  EXPECT_NE(api.cuGraphDestroy, nullptr);
}

TEST(CudaDriverApi, NamesTheEntryPointsThatADriverLacks) {
  const auto without = [](const std::vector<std::string>& lacking) {
    DriverApi api;
    return LoadDriverApi(api, [&](const char* name) -> void* {
      for (const std::string& one : lacking) {
        if (one == name) return nullptr;
      }
      return reinterpret_cast<void*>(1);
    });
  };
  EXPECT_EQ(without({}), "");
  EXPECT_EQ(without({"cuMemAllocAsync", "cuGraphUpload", "cuDeviceGetPCIBusId", "cuMemPoolTrimTo"}), "");
  EXPECT_EQ(without({"cuGraphLaunch"}), "cuGraphLaunch");
  EXPECT_EQ(without({"cuGraphLaunch", "cuMemAlloc_v2"}), "cuMemAlloc_v2, cuGraphLaunch");
}

TEST(CudaSeverity, TellsALostContextFromARefusedCall) {
  EXPECT_EQ(SeverityOf(0), Severity::kOk);
  for (const int sticky :
       {4, 46, 214, 220, 226, 700, 702, 709, 710, 714, 715, 716, 717, 718, 719, 721, 806, 810, 911}) {
    EXPECT_EQ(SeverityOf(sticky), Severity::kSticky) << sticky;
  }
  for (const int call : {1,   2,   3,   100, 101, 200, 201, 400, 401, 500, 600, 701, 708, 712,
                         801, 805, 900, 901, 902, 903, 904, 905, 906, 907, 908, 910, 999, 12345}) {
    EXPECT_EQ(SeverityOf(call), Severity::kCall) << call;
  }
}

TEST_F(CudaDriver, MakesAnErrorOfAResult) {
  const auto driver = OpenDriver();
  const Error error = driver->MakeError(400, "cuEventRecord");
  EXPECT_EQ(error.code(), "ERR_TRT_CUDA_CALL");
  EXPECT_EQ(error.where(), "cuEventRecord");
  EXPECT_EQ(Detail(error, "result"), "400");
  EXPECT_EQ(Detail(error, "name"), driver->Name(400));
  EXPECT_EQ(std::string(error.what()), "cuEventRecord returned " + driver->Describe(400) + ".");
  const Error lost = driver->MakeError(700, "cuStreamSynchronize", "cuda:0");
  EXPECT_EQ(lost.code(), "ERR_TRT_CUDA_DEVICE_LOST");
  EXPECT_EQ(std::strncmp(lost.what(), "cuda:0: cuStreamSynchronize returned ", 37), 0) << lost.what();
  EXPECT_EQ(driver->MakeError(2, "cuMemAlloc").code(), "ERR_TRT_CUDA_OUT_OF_MEMORY");
  EXPECT_NO_THROW(driver->Check(0, "cuInit"));
  EXPECT_THROW(driver->Check(1, "cuInit"), Error);
}

TEST_F(CudaDriver, DescribesAResultByNameAndText) {
  const auto driver = OpenDriver();
  EXPECT_EQ(driver->Name(2).rfind("CUDA_ERROR_", 0), 0u) << driver->Name(2);
  EXPECT_NE(driver->Describe(2).find(" ("), std::string::npos) << driver->Describe(2);
}

}  // namespace
}  // namespace trtn::cuda
