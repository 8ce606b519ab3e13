// SPDX-License-Identifier: Apache-2.0
#include "nvml/nvml_api.h"

namespace trtn::nvml {

NvmlApi LoadNvmlApi(const std::function<void*(const char*)>& find) {
  NvmlApi api;
#define TRTN_LOAD(name) api.name = reinterpret_cast<decltype(api.name)>(find(#name))
  TRTN_LOAD(nvmlInit_v2);
  TRTN_LOAD(nvmlShutdown);
  TRTN_LOAD(nvmlErrorString);
  TRTN_LOAD(nvmlSystemGetDriverVersion);
  TRTN_LOAD(nvmlDeviceGetHandleByUUID);
  TRTN_LOAD(nvmlDeviceGetHandleByPciBusId_v2);
  TRTN_LOAD(nvmlDeviceGetName);
  TRTN_LOAD(nvmlDeviceIsMigDeviceHandle);
  TRTN_LOAD(nvmlDeviceGetDeviceHandleFromMigDeviceHandle);
  TRTN_LOAD(nvmlDeviceGetMaxClockInfo);
  TRTN_LOAD(nvmlDeviceGetPowerUsage);
  TRTN_LOAD(nvmlDeviceGetTotalEnergyConsumption);
  TRTN_LOAD(nvmlDeviceGetClockInfo);
  TRTN_LOAD(nvmlDeviceGetTemperature);
  TRTN_LOAD(nvmlDeviceGetUtilizationRates);
  TRTN_LOAD(nvmlDeviceGetMemoryInfo);
  TRTN_LOAD(nvmlDeviceGetCurrentClocksEventReasons);
  TRTN_LOAD(nvmlDeviceGetCurrentClocksThrottleReasons);
#undef TRTN_LOAD
  return api;
}

}  // namespace trtn::nvml
