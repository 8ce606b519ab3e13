/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A TensorRT library of the version STANDIN_VERSION. As some real ones do without a working driver, it ends
 * the process when a builder or runtime is created: whoever calls that has not asked the driver first.
 * With STANDIN_BUILDER_ERROR it says that as an error and makes no builder.
 */
#include <stdlib.h>

int getInferLibVersion(void) { return STANDIN_VERSION; }

#ifdef STANDIN_BUILDER_ERROR
/* nvinfer1::ILogger: its first virtual function is log(severity, text), where 1 is kERROR. */
typedef void (*LogFunction)(void* logger, int severity, const char* text);

void* createInferBuilder_INTERNAL(void* logger, int version) {
  LogFunction log = (*(LogFunction**)logger)[0];
  log(logger, 1, STANDIN_BUILDER_ERROR);
  return 0;
}
#else
void* createInferBuilder_INTERNAL(void* logger, int version) { abort(); }
#endif

void* createInferRuntime_INTERNAL(void* logger, int version) { abort(); }
