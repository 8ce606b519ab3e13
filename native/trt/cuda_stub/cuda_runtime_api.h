// SPDX-License-Identifier: Apache-2.0
// The two names that TensorRT's headers use of CUDA's, so that no CUDA toolkit is needed to compile the
// addon.
#pragma once

typedef struct CUstream_st* cudaStream_t;
typedef struct CUevent_st* cudaEvent_t;
