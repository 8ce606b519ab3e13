/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A CUDA driver library that answers as the environment orders:
 *
 *   TRTN_STANDIN_CUDA_INIT     result of cuInit, default 0 (100 no device, 803 mismatch, 34 stub, 999
 * unknown) TRTN_STANDIN_CUDA_VERSION  version of the driver, default 13000 TRTN_STANDIN_CUDA_DEVICES  number
 * of devices, default 0 TRTN_STANDIN_CUDA_COUNT    result of cuDeviceGetCount, default 0
 *
 * It lists devices and does nothing else: no memory, no streams.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RESULT_SUCCESS 0
#define RESULT_INVALID_VALUE 1
#define RESULT_NOT_INITIALIZED 3
#define RESULT_INVALID_DEVICE 101

static int initialised = 0;

static int ordered(const char* name, int otherwise) {
  const char* text = getenv(name);
  return text != NULL && *text != '\0' ? atoi(text) : otherwise;
}

int cuInit(unsigned int flags) {
  int result = ordered("TRTN_STANDIN_CUDA_INIT", RESULT_SUCCESS);
  initialised = result == RESULT_SUCCESS;
  return result;
}

int cuDriverGetVersion(int* version) {
  *version = ordered("TRTN_STANDIN_CUDA_VERSION", 13000);
  return RESULT_SUCCESS;
}

int cuDeviceGetCount(int* count) {
  if (!initialised) return RESULT_NOT_INITIALIZED;
  *count = ordered("TRTN_STANDIN_CUDA_DEVICES", 0);
  return ordered("TRTN_STANDIN_CUDA_COUNT", RESULT_SUCCESS);
}

int cuDeviceGet(int* device, int ordinal) {
  if (!initialised) return RESULT_NOT_INITIALIZED;
  if (ordinal < 0 || ordinal >= ordered("TRTN_STANDIN_CUDA_DEVICES", 0)) return RESULT_INVALID_DEVICE;
  *device = ordinal;
  return RESULT_SUCCESS;
}

int cuDeviceGetName(char* name, int length, int device) {
  snprintf(name, (size_t)length, "Stand-in GPU %d", device);
  return RESULT_SUCCESS;
}

int cuDeviceGetUuid_v2(unsigned char* uuid, int device) {
  for (int i = 0; i < 16; i++) uuid[i] = (unsigned char)(i * 16 + device);
  return RESULT_SUCCESS;
}

int cuDeviceTotalMem_v2(size_t* bytes, int device) {
  *bytes = (size_t)80 << 30;
  return RESULT_SUCCESS;
}

int cuDeviceGetAttribute(int* value, int attribute, int device) {
  switch (attribute) {
    case 75:
      *value = 9;
      return RESULT_SUCCESS;
    case 76:
      *value = 0;
      return RESULT_SUCCESS;
    default:
      return RESULT_INVALID_VALUE;
  }
}

int cuGetErrorName(int error, const char** text) {
  *text = error == 100 ? "CUDA_ERROR_NO_DEVICE" : "CUDA_ERROR_OF_THE_STAND_IN";
  return RESULT_SUCCESS;
}

int cuGetErrorString(int error, const char** text) {
  *text = error == 100 ? "no CUDA-capable device is detected" : "as ordered";
  return RESULT_SUCCESS;
}
