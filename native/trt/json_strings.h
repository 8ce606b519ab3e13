// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace trtn::trt {

/// The distinct strings of a JSON text, keys included, in the order of their first appearance. Lenient: stops
/// at what is not JSON.
std::vector<std::string> JsonStrings(const std::string& json);

}  // namespace trtn::trt
