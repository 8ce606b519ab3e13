// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { findViolations } from '../../../scripts/check-includes.mjs';

const violations = (path: string, include: string) =>
  findViolations([[path, `// text\n#include ${include}\n`]]);

describe('check-includes', () => {
  it.each([
    ['native/addon/a.cc', '"core/error.h"'],
    ['native/addon/a.cc', '"ort/executable.h"'],
    ['native/addon/a.cc', '<napi.h>'],
    ['native/trt/family/a.cc', '"core/builder.h"'],
    ['native/trt/family/a.cc', '<NvInfer.h>'],
    ['native/trt/cuda_stub/cuda_runtime_api.h', '<cuda.h>'],
    ['native/ort/a.cc', '"dl/dynamic_library.h"'],
    ['native/core/a.cc', '"core/error.h"'],
    ['native/core/a.cc', '<vector>'],
    ['native/test/a_test.cc', '"trt/version.h"'],
  ])('%s may include %s', (path, include) => {
    expect(violations(path, include)).toEqual([]);
  });

  it.each([
    ['native/core/a.cc', '"trt/version.h"', 'native/core may not include native/trt'],
    ['native/core/a.cc', '"addon/errors.h"', 'native/core may not include native/addon'],
    ['native/core/a.cc', '"dl/dynamic_library.h"', 'native/core may not include native/dl'],
    ['native/dl/a.cc', '"cuda/driver_api.h"', 'native/dl may not include native/cuda'],
    ['native/ort/a.cc', '"trt/version.h"', 'native/ort may not include native/trt'],
    ['native/cuda/a.cc', '"ort/runtime.h"', 'native/cuda may not include native/ort'],
    ['native/trt/a.cc', '"addon/errors.h"', 'native/trt may not include native/addon'],
    ['native/test/a_test.cc', '"addon/errors.h"', 'native/test may not include native/addon'],
    ['native/unknown/a.cc', '"core/error.h"', 'native/unknown may not include native/core'],
    ['native/core/a.cc', '<napi.h>', "only native/addon/ includes Node's headers"],
    ['native/trt/a.cc', '<node_api.h>', "only native/addon/ includes Node's headers"],
    ['native/addon/a.cc', '<NvInfer.h>', "only native/trt/ includes TensorRT's headers"],
    ['native/core/a.cc', '"NvOnnxParser.h"', "only native/trt/ includes TensorRT's headers"],
    ['native/cuda/a.cc', '<cuda_runtime_api.h>', "only native/trt/cuda_stub/ includes CUDA's headers"],
    ['native/core/a.cc', '<onnxruntime_c_api.h>', "only native/ort/ includes ONNX Runtime's headers"],
    ['native/core/a.cc', '"error.h"', 'not written relative to native/'],
    ['native/core/a.cc', '"../dl/dynamic_library.h"', 'not written relative to native/'],
  ])('%s may not include %s', (path, include, reason) => {
    const found = violations(path, include);
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(`${path}:2: `);
    expect(found[0]).toContain(reason);
  });
});
