// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/builder.h"

namespace trtn::test {

/// Version of the stand-in library of a family, as getInferLibVersion() tells it.
int StandinVersion(Family family);

/// Bytes of a plan that the stand-in of a family runs: a true header, then `text` (one statement a line; see
/// test/standin/tensorrt/plan.h). `version` goes into the header, 0 is the stand-in's own.
std::string MakePlan(Family family, const std::string& text, int version = 0);

// Ready-made texts.

/// x [4] → x * 2 → y [4]; weight "w".
std::string ScalePlan();
/// a, b [n, 4], n = 1..8 → a + b → y.
std::string AddPlan();
/// x [n, 4], n = 1..8 → matmul 4x3 (all ones) → h → scale 0.5 → y [n, 3].
std::string MlpPlan();
/// x [n, 4] → x * 2 → y; profile 0 allows n = 1..4 (opt 2), profile 1 n = 4..16 (opt 8).
std::string TwoProfilePlan();
/// x [2, 6] → the 3 largest of each row → values [2, 3], indices int64 [2, 3].
std::string TopKPlan();
/// x [2, 3] → where it is not zero → y int64 [2, n]: known only while it runs.
std::string NonZeroPlan();
/// x [2, 6], shape int64 [2] in host memory, values 1..12 → y.
std::string ReshapePlan();
/// The scale plan, refittable.
std::string RefittablePlan();
/// x [4] → * 2 → h → * 3 → y [4], h and y marked for debugging.
std::string DebugPlan();
/// The scale plan that takes `duration_us`.
std::string SlowPlan(double duration_us);
/// x [4] → three independent scales → sums of them → y [4], with 2 auxiliary streams.
std::string AuxStreamPlan();

}  // namespace trtn::test
