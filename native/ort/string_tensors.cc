// SPDX-License-Identifier: Apache-2.0
#include "ort/string_tensors.h"

#include <cstring>
#include <limits>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/packed_strings.h"
#include "ort/element_types.h"

namespace trtn::ort {

namespace {

constexpr char kRunError[] = "ERR_TRT_RUN_FAILED";

/// Lengths of strings that begin at `offsets` of `total` bytes, written at `place`.
void WriteLengths(const std::vector<size_t>& offsets, size_t total, uint8_t* place) {
  for (size_t i = 0; i < offsets.size(); ++i) {
    const size_t length = (i + 1 < offsets.size() ? offsets[i + 1] : total) - offsets[i];
    if (length > std::numeric_limits<uint32_t>::max()) {
      throw Error(kRunError, "String " + std::to_string(i) + " of an output has " + std::to_string(length) +
                                 " bytes, more than can be handed out.");
    }
    const auto packed = static_cast<uint32_t>(length);
    std::memcpy(place + i * kPackedLengthBytes, &packed, sizeof(packed));
  }
}

}  // namespace

ValueHandle MakeStringTensor(const Model& model, const TensorView& view) {
  const size_t count = CountPackedStrings(view);
  const Runtime& runtime = model.runtime;
  const Api& api = runtime.api();
  Value* raw = nullptr;
  runtime.Check(api.CreateTensorAsOrtValue(runtime.allocator(), view.dims.data(), view.dims.size(),
                                           ToOnnxType(ElementType::kString), &raw),
                kRunError, "CreateTensorAsOrtValue");
  ValueHandle value(raw, api.ReleaseValue);
  const char* text = PackedTexts(view, count);
  for (size_t i = 0; i < count; ++i) {
    const uint32_t length = PackedLength(view, i);
    char* place = nullptr;
    // Not FillStringTensor(), whose strings end at their first NUL.
    runtime.Check(api.GetResizedStringTensorElementBuffer(raw, i, length, &place), kRunError,
                  "GetResizedStringTensorElementBuffer");
    if (length > 0) std::memcpy(place, text, length);
    text += length;
  }
  return value;
}

void PackStringTensor(const Model& model, OwnedOutput& output) {
  const Runtime& runtime = model.runtime;
  const Api& api = runtime.api();
  const auto* value = static_cast<const Value*>(output.owner.get());
  size_t total = 0;
  runtime.Check(api.GetStringTensorDataLength(value, &total), kRunError, "GetStringTensorDataLength");
  std::vector<size_t> offsets(ElementCount(output.view.dims));
  const size_t lengths_bytes = offsets.size() * kPackedLengthBytes;
  auto packed = std::make_shared<std::vector<uint8_t>>(lengths_bytes + total);
  if (!offsets.empty()) {
    runtime.Check(api.GetStringTensorContent(value, packed->data() + lengths_bytes, total, offsets.data(),
                                             offsets.size()),
                  kRunError, "GetStringTensorContent");
    WriteLengths(offsets, total, packed->data());
  }
  output.view.data = packed->data();
  output.view.bytes = packed->size();
  // Not the data, whose address is null where there is nothing.
  output.owner = std::move(packed);
}

}  // namespace trtn::ort
