// SPDX-License-Identifier: Apache-2.0
#include "addon/errors.h"

#include <new>

#include "core/log_capture.h"
#include "core/utf8.h"

namespace trtn {
namespace {

Napi::Value ToJsDetail(Napi::Env env, const Error::Detail& detail) {
  if (const auto* text = std::get_if<std::string>(&detail)) return Napi::String::New(env, *text);
  if (const auto* number = std::get_if<double>(&detail)) return Napi::Number::New(env, *number);
  const auto& values = std::get<std::vector<std::string>>(detail);
  Napi::Array list = Napi::Array::New(env, values.size());
  for (size_t i = 0; i < values.size(); i++)
    list[static_cast<uint32_t>(i)] = Napi::String::New(env, values[i]);
  return list;
}

}  // namespace

Napi::Object ToJsLogLine(Napi::Env env, const LogLine& line) {
  Napi::Object object = Napi::Object::New(env);
  object["severity"] = SeverityName(line.severity);
  object["message"] = line.message;
  object["count"] = static_cast<double>(line.count);
  return object;
}

Napi::Array ToJsLog(Napi::Env env, const std::vector<LogLine>& lines) {
  Napi::Array list = Napi::Array::New(env, lines.size());
  for (size_t i = 0; i < lines.size(); i++) list[static_cast<uint32_t>(i)] = ToJsLogLine(env, lines[i]);
  return list;
}

Napi::Error ToJsError(Napi::Env env, const Error& error) {
  Napi::Error result = Napi::Error::New(env, ValidUtf8(error.what()));
  result.Set("code", error.code());
  result.Set("where", error.where());
  Napi::Object details = Napi::Object::New(env);
  for (const auto& [key, detail] : error.details) details[key] = ToJsDetail(env, detail);
  result.Set("details", details);
  result.Set("log", ToJsLog(env, error.log()));
  return result;
}

Napi::Value ToErrorValue(Napi::Env env, std::exception_ptr thrown) {
  try {
    std::rethrow_exception(thrown);
  } catch (const Error& error) {
    return ToJsError(env, error).Value();
  } catch (const Napi::Error& error) {
    return error.Value();
  } catch (const std::bad_alloc&) {
    return Napi::Error::New(env, "The process is out of memory.").Value();
  } catch (const std::exception& error) {
    return Napi::Error::New(env, ValidUtf8(error.what())).Value();
  } catch (...) {
    return Napi::Error::New(env, "A native exception of unknown type.").Value();
  }
}

void ThrowToJs(Napi::Env env, const Error& error) { throw ToJsError(env, error); }

}  // namespace trtn
