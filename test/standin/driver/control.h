// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "state.h"

namespace standin {

/// Applies the words of TRTN_STANDIN_CUDA_CONFIGURE ("mode=inline record=1") and orders the faults of
/// TRTN_STANDIN_CUDA_FAULTS, for child processes.
void ConfigureFromEnvironment(State& state);

}  // namespace standin
