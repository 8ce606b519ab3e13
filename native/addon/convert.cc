// SPDX-License-Identifier: Apache-2.0
#include "addon/convert.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <utility>

#include "addon/array_buffers.h"

namespace trtn {
namespace {

constexpr double kMaxSafeInteger = 9007199254740991.0;

[[noreturn]] void ThrowType(Napi::Env env, const char* key, const char* expected) {
  throw Napi::TypeError::New(env, std::string(key) + " must be " + expected);
}

/// The property, or nothing.
std::optional<Napi::Value> Property(Napi::Object object, const char* key) {
  const Napi::Value value = object.Get(key);
  if (value.IsUndefined() || value.IsNull()) return std::nullopt;
  return value;
}

int64_t WholeNumber(Napi::Env env, Napi::Value value, const char* key) {
  if (!value.IsNumber()) ThrowType(env, key, "a whole number");
  const double number = value.As<Napi::Number>().DoubleValue();
  if (!(std::fabs(number) <= kMaxSafeInteger) || std::trunc(number) != number)
    ThrowType(env, key, "a whole number");
  return static_cast<int64_t>(number);
}

}  // namespace

std::optional<std::string> OptionalString(Napi::Object object, const char* key) {
  const auto value = Property(object, key);
  if (!value) return std::nullopt;
  if (!value->IsString()) ThrowType(object.Env(), key, "a string");
  return value->As<Napi::String>().Utf8Value();
}

bool OptionalBool(Napi::Object object, const char* key) {
  const auto value = Property(object, key);
  if (!value) return false;
  if (!value->IsBoolean()) ThrowType(object.Env(), key, "a boolean");
  return value->As<Napi::Boolean>().Value();
}

std::optional<uint64_t> OptionalSize(Napi::Object object, const char* key) {
  const auto value = Property(object, key);
  if (!value) return std::nullopt;
  const int64_t number = WholeNumber(object.Env(), *value, key);
  if (number < 0) ThrowType(object.Env(), key, "zero or more");
  return static_cast<uint64_t>(number);
}

std::optional<int> OptionalInt(Napi::Object object, const char* key) {
  const auto value = Property(object, key);
  if (!value) return std::nullopt;
  const int64_t number = WholeNumber(object.Env(), *value, key);
  if (number < std::numeric_limits<int>::min() || number > std::numeric_limits<int>::max()) {
    ThrowType(object.Env(), key, "a number of 32 bits");
  }
  return static_cast<int>(number);
}

std::optional<int64_t> OptionalInt64(Napi::Object object, const char* key) {
  const auto value = Property(object, key);
  if (!value) return std::nullopt;
  return WholeNumber(object.Env(), *value, key);
}

std::string RequiredString(Napi::Object object, const char* key) {
  auto value = OptionalString(object, key);
  if (!value) ThrowType(object.Env(), key, "a string");
  return *std::move(value);
}

std::vector<int64_t> Int64List(Napi::Object object, const char* key) {
  const auto value = Property(object, key);
  if (!value) return {};
  if (!value->IsArray()) ThrowType(object.Env(), key, "an array of whole numbers");
  const auto list = value->As<Napi::Array>();
  std::vector<int64_t> numbers;
  for (uint32_t i = 0; i < list.Length(); i++) numbers.push_back(WholeNumber(object.Env(), list.Get(i), key));
  return numbers;
}

std::vector<std::string> StringList(Napi::Object object, const char* key) {
  const auto value = Property(object, key);
  if (!value) return {};
  if (!value->IsArray()) ThrowType(object.Env(), key, "an array of strings");
  const auto list = value->As<Napi::Array>();
  std::vector<std::string> strings;
  for (uint32_t i = 0; i < list.Length(); i++) {
    const Napi::Value item = list.Get(i);
    if (!item.IsString()) ThrowType(object.Env(), key, "an array of strings");
    strings.push_back(item.As<Napi::String>().Utf8Value());
  }
  return strings;
}

std::optional<ByteSpan> OptionalBytes(Napi::Object object, const char* key) {
  const auto value = Property(object, key);
  if (!value) return std::nullopt;
  if (!value->IsTypedArray()) ThrowType(object.Env(), key, "a Uint8Array");
  const napi_typedarray_type type = value->As<Napi::TypedArray>().TypedArrayType();
  if (type != napi_uint8_array && type != napi_uint8_clamped_array && type != napi_int8_array) {
    ThrowType(object.Env(), key, "a Uint8Array");
  }
  const ArrayMemory memory = MemoryOf(object.Env(), *value);
  return ByteSpan{static_cast<const uint8_t*>(memory.data), memory.bytes};
}

Napi::Value ToJsBytes(Napi::Env env, std::vector<uint8_t> bytes) {
  const size_t size = bytes.size();
  if (size > 0 && AllowsExternalBuffers(env)) {
    auto owner = std::make_shared<std::vector<uint8_t>>(std::move(bytes));
    std::shared_ptr<void> memory(owner, owner->data());
    return Napi::Uint8Array::New(env, size, ExternalBuffer(env, std::move(memory), size), 0);
  }
  // Electron and other sandboxes refuse memory that V8 has not made.
  Napi::Uint8Array copy = Napi::Uint8Array::New(env, size);
  if (size > 0) std::memcpy(copy.Data(), bytes.data(), size);
  return copy;
}

Napi::Array ToJsDims(Napi::Env env, const std::vector<int64_t>& dims) {
  Napi::Array array = Napi::Array::New(env, dims.size());
  for (uint32_t i = 0; i < dims.size(); i++)
    array.Set(i, Napi::Number::New(env, static_cast<double>(dims[i])));
  return array;
}

std::vector<int64_t> ToDims(Napi::Value value) {
  Napi::Array array = value.As<Napi::Array>();
  std::vector<int64_t> dims(array.Length());
  for (uint32_t i = 0; i < dims.size(); i++) dims[i] = array.Get(i).As<Napi::Number>().Int64Value();
  return dims;
}

ElementType ToElementType(Napi::Env env, const std::string& name) {
  for (int i = 0; i < static_cast<int>(ElementType::kUnknown); i++) {
    const auto type = static_cast<ElementType>(i);
    if (name == ElementTypeName(type)) return type;
  }
  throw Napi::TypeError::New(env, "'" + name + "' is no element type");
}

Napi::Object ToJs(Napi::Env env, const TensorInfo& info) {
  Napi::Object object = Napi::Object::New(env);
  object["name"] = info.name;
  object["type"] = ElementTypeName(info.type);
  Napi::Array names = Napi::Array::New(env, info.dim_names.size());
  for (size_t i = 0; i < info.dim_names.size(); i++) {
    names[static_cast<uint32_t>(i)] = Napi::String::New(env, info.dim_names[i]);
  }
  object["dims"] = ToJsDims(env, info.dims);
  object["dimNames"] = names;
  object["isShapeTensor"] = info.is_shape_tensor;
  return object;
}

Napi::Array ToJs(Napi::Env env, const std::vector<TensorInfo>& infos) {
  Napi::Array list = Napi::Array::New(env, infos.size());
  for (size_t i = 0; i < infos.size(); i++) list[static_cast<uint32_t>(i)] = ToJs(env, infos[i]);
  return list;
}

}  // namespace trtn
