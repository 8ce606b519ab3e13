# SPDX-License-Identifier: Apache-2.0
# The same addon as CMakeLists.txt makes, for node-gyp:
# `node-gyp rebuild --nodedir=<prefix of Node's headers>`.
# npm would compile a package with this file at install; package.json's "gypfile": false keeps it from that.
{
  'variables': {
    'headers_10%': '<!(node cmake/gyp.cjs headers 10)',
    'headers_11%': '<!(node cmake/gyp.cjs headers 11)',
    'headers_rtx%': '<!(node cmake/gyp.cjs headers rtx)',
    'version': '<!(node -p "require(\'./package.json\').version")',
    'kernels_dir': '<!(node -p "require(\'node:path\').resolve(\'native/ops/generated\')")',
  },
  'target_defaults': {
    'include_dirs': ['native'],
    'cflags': ['-fPIC', '-fvisibility=hidden', '-Wno-unused-parameter'],
    'cflags_cc': ['-std=c++17', '-fvisibility-inlines-hidden'],
    # Node's defaults for addons: TensorRT's interfaces need RTTI, and errors are exceptions below addon/.
    'cflags_cc!': ['-fno-exceptions', '-fno-rtti', '-std=gnu++17', '-std=gnu++20'],
    'conditions': [
      ['headers_10 != ""', {'defines': ['TRTN_HAS_FAMILY_10']}],
      ['headers_11 != ""', {'defines': ['TRTN_HAS_FAMILY_11']}],
      ['headers_rtx != ""', {'defines': ['TRTN_HAS_FAMILY_RTX']}],
    ],
  },
  'targets': [
    {
      'target_name': 'trtn_core',
      'type': 'static_library',
      'sources': ['<!@(node cmake/gyp.cjs sources core dl cuda trt ort gpu nvml nvjpeg chain)'],
      # The kernels' compiled code, which native/cuda/embedded_kernels.cc takes in.
      'defines': ['TRTN_KERNELS_DIR="<(kernels_dir)"'],
      'dependencies': ['trtn_matrices', 'trtn_clusters', 'trtn_ops'],
    },
    {
      'target_name': 'trtn_ops',
      'type': 'static_library',
      'sources': ['<!@(node cmake/gyp.cjs sources ops ops/boxes ops/image ops/scores ops/signals ops/tensors)'],
      # The operators' results are the same everywhere: see CMakeLists.txt.
      'cflags_cc': ['-O3', '-ffp-contract=off', '-fno-trapping-math'],
    },
    {
      'target_name': 'trtn_matrices',
      'type': 'static_library',
      'sources': ['<!@(node cmake/gyp.cjs sources numerics/matrices)'],
      'cflags_cc': ['-O3', '-ffp-contract=fast', '-fno-trapping-math'],
    },
    {
      'target_name': 'trtn_clusters',
      'type': 'static_library',
      'sources': ['<!@(node cmake/gyp.cjs sources numerics/clusters)'],
      # The bits that lib/numerics gets.
      'cflags_cc': ['-O3', '-ffp-contract=off', '-fno-trapping-math'],
    },
    {
      'target_name': 'tensorrt_node',
      'sources': ['<!@(node cmake/gyp.cjs sources addon)'],
      'include_dirs': [
        '<!(node -p "require(\'node-addon-api\').include_dir")',
        '<!(node -p "require(\'node-api-headers\').include_dir")',
      ],
      'defines': [
        'NAPI_VERSION=8', 'NODE_ADDON_API_CPP_EXCEPTIONS_ALL', 'NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS',
        'TRTN_VERSION="<(version)"',
      ],
      # The families and the core refer to each other; gyp links static libraries as one group.
      'dependencies': ['trtn_core'],
      'libraries': ['-ldl', '-lpthread'],
      'ldflags': ['-Wl,--exclude-libs,ALL', '-Wl,-z,nodelete'],
      'conditions': [
        ['headers_10 != ""', {'dependencies': ['trtn_family_10']}],
        ['headers_11 != ""', {'dependencies': ['trtn_family_11']}],
        ['headers_rtx != ""', {'dependencies': ['trtn_family_rtx']}],
      ],
    },
  ],
  'conditions': [
    ['headers_10 != ""', {
      'targets': [{
        'target_name': 'trtn_family_10',
        'type': 'static_library',
        'sources': ['<!@(node cmake/gyp.cjs sources trt/family)'],
        'include_dirs': ['<(headers_10)', 'native/trt/cuda_stub'],
        'defines': ['nvinfer1=nvinfer1_10', 'nvonnxparser=nvonnxparser_10', 'TRTN_FAMILY=family_10'],
        'cflags_cc': ['-Wno-deprecated-declarations'],
      }],
    }],
    ['headers_11 != ""', {
      'targets': [{
        'target_name': 'trtn_family_11',
        'type': 'static_library',
        'sources': ['<!@(node cmake/gyp.cjs sources trt/family)'],
        'include_dirs': ['<(headers_11)', 'native/trt/cuda_stub'],
        'defines': ['nvinfer1=nvinfer1_11', 'nvonnxparser=nvonnxparser_11', 'TRTN_FAMILY=family_11'],
        'cflags_cc': ['-Wno-deprecated-declarations'],
      }],
    }],
    ['headers_rtx != ""', {
      'targets': [{
        'target_name': 'trtn_family_rtx',
        'type': 'static_library',
        'sources': ['<!@(node cmake/gyp.cjs sources trt/family)'],
        'include_dirs': ['<(headers_rtx)', 'native/trt/cuda_stub'],
        'defines': ['nvinfer1=nvinfer1_rtx', 'nvonnxparser=nvonnxparser_rtx', 'TRTN_FAMILY=family_rtx'],
        'cflags_cc': ['-Wno-deprecated-declarations'],
      }],
    }],
  ],
}
