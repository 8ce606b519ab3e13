// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "api.h"

namespace standin {

/// "cuMemAlloc" of "cuMemAlloc_v2".
std::string WithoutSuffix(const std::string& entry);
/// Calls that give something back: their failure would only hide what a test wants to see.
bool IsClosingEntry(const std::string& entry);

/// The `nth` call from now (1 = the next) of `entry` gets `result`. "op:kernel", "op:h2d" … stand for the
/// work on the device itself, whose failure shows in later calls.
void AddFault(const std::string& entry, uint64_t nth, CUresult result);
/// Each call of `entries` (of any, if empty) fails with the probability `permille` / 1000.
void AddRandomFault(uint64_t seed, unsigned permille, CUresult result, std::vector<std::string> entries);
void ClearFaults();

/// Counts a call of an entry (its short name) and gives the result that was ordered for it, else 0.
CUresult TakeFault(const std::string& entry);

}  // namespace standin
