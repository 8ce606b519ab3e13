/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A TensorRT library of the version STANDIN_VERSION. As some real ones do without a working driver, it ends
 * the process when a builder or runtime is created: whoever calls that has not asked the driver first.
 */
#include <stdlib.h>

int getInferLibVersion(void) { return STANDIN_VERSION; }

void* createInferBuilder_INTERNAL(void* logger, int version) { abort(); }

void* createInferRuntime_INTERNAL(void* logger, int version) { abort(); }
