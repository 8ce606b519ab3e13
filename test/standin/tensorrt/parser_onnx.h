// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace standin {

struct Initializer {
  std::string name;
  /// Empty where the elements are not float32 in the file itself.
  std::vector<float> values;
};

/// The initializers of an ONNX model's graph; nullopt if the bytes are no model.
std::optional<std::vector<Initializer>> ReadInitializers(const void* data, size_t size);

}  // namespace standin
