// SPDX-License-Identifier: Apache-2.0
// Between JavaScript values and the types of native/core. Readers throw Napi::TypeError that names the
// property: options are validated in TypeScript, so such an error means that the two sides disagree.
#pragma once

#include <napi.h>

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/tensor.h"

namespace trtn {

/// Properties of `object`; nothing where the value is undefined or null.
std::optional<std::string> OptionalString(Napi::Object object, const char* key);
bool OptionalBool(Napi::Object object, const char* key);
/// Numbers must be whole and not negative.
std::optional<uint64_t> OptionalSize(Napi::Object object, const char* key);
std::optional<int> OptionalInt(Napi::Object object, const char* key);
/// Any whole number.
std::optional<int64_t> OptionalInt64(Napi::Object object, const char* key);
std::string RequiredString(Napi::Object object, const char* key);
/// An array of whole numbers (dimensions, values); empty where the property is absent.
std::vector<int64_t> Int64List(Napi::Object object, const char* key);
/// An array of strings; empty where the property is absent.
std::vector<std::string> StringList(Napi::Object object, const char* key);

/// The enumerator that a string property names, nothing where it is absent.
template <class T>
std::optional<T> OptionalEnum(Napi::Object object, const char* key,
                              std::initializer_list<std::pair<const char*, T>> names) {
  const auto text = OptionalString(object, key);
  if (!text) return std::nullopt;
  for (const auto& [name, value] : names) {
    if (*text == name) return value;
  }
  throw Napi::TypeError::New(object.Env(), std::string(key) + " has no value '" + *text + "'");
}

/// Memory of a Uint8Array (or other view of bytes) that JavaScript owns.
struct ByteSpan {
  const uint8_t* data = nullptr;
  size_t bytes = 0;
};
/// The bytes of a Uint8Array property, nothing where it is absent. Valid while the array is referenced.
std::optional<ByteSpan> OptionalBytes(Napi::Object object, const char* key);

/// A Uint8Array over `bytes` without copying where external memory is allowed, else a copy.
Napi::Value ToJsBytes(Napi::Env env, std::vector<uint8_t> bytes);

/// Dims as an array of numbers, and back. ToDims() is for dims that TypeScript has made: what is no number is
/// 0.
Napi::Array ToJsDims(Napi::Env env, const std::vector<int64_t>& dims);
std::vector<int64_t> ToDims(Napi::Value value);

/// The type of this JavaScript name ("float32"). Throws Napi::TypeError.
ElementType ToElementType(Napi::Env env, const std::string& name);

/// NativeTensorInfo of lib/binding/contract.ts.
Napi::Object ToJs(Napi::Env env, const TensorInfo& info);
Napi::Array ToJs(Napi::Env env, const std::vector<TensorInfo>& infos);

}  // namespace trtn
