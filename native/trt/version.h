// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "core/builder.h"

namespace trtn::trt {

/// The family whose ABI a library of this getInferLibVersion() has, nothing for a version that is not
/// supported.
///
/// Numbers: below 10000 TensorRT up to 9 (8601 is 8.6.1), 10000 to 19999 TensorRT-RTX (10701 is 1.7.1), from
/// 100000 on TensorRT 10 and later (110201 is 11.2.1).
std::optional<Family> FamilyOfVersion(int version);

/// "TensorRT 8.6.1", "TensorRT-RTX 1.7.1".
std::string ProductName(int version);

/// "8.6.1", "1.7.1".
std::string VersionText(int version);

/// Oldest CUDA version of a driver on which a family can run, as cuDriverGetVersion() counts.
int OldestDriver(Family family);

}  // namespace trtn::trt
