// SPDX-License-Identifier: Apache-2.0
#include "core/builder.h"

namespace trtn {

const char* FamilyName(Family family) {
  switch (family) {
    case Family::kTensorRt10:
      return "tensorrt-10";
    case Family::kTensorRt11:
      return "tensorrt-11";
    case Family::kTensorRtRtx:
      break;
  }
  return "tensorrt-rtx";
}

}  // namespace trtn
