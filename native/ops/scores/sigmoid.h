// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdint.h>

#include "ops/scores/rows.h"

namespace trtn::ops::scores {

struct SigmoidArguments {
  const void* in;
  void* out;
  int64_t count;
  ScoreType out_type;
};

}  // namespace trtn::ops::scores
